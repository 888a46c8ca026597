// cria chat where there is no terminal: one message in, one reply out, nothing else.
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Words = std::vector<std::string>;

TEST(ChatWithoutTerminal, AllOfStandardInputIsOneMessage) {
  const std::string model = synthetic_model();
  const std::string state = temporary_dir();
  const Words words = {"chat", model, "-n", "12", "--temp", "0", "--ignore-eos"};
  const ProcessResult piped =
      cria(words, {.input = "one\ntwo\n/bye\n", .environment = {{"XDG_STATE_HOME", state}}});
  EXPECT_EQ(piped.exit_code, 0) << piped.err;
  EXPECT_EQ(piped.err, "");
  EXPECT_EQ(piped.out.back(), '\n');
  Words flagged = words;
  flagged.insert(flagged.end(), {"-p", "one\ntwo\n/bye"});
  EXPECT_EQ(cria(flagged, {.input = "ignored"}).out, piped.out);
  EXPECT_TRUE(std::filesystem::is_empty(state)) << "scripts leave no history";
}

// The reply is what run gives for the conversation written out by hand.
TEST(ChatWithoutTerminal, RendersTheTemplateOfTheModel) {
  const std::string model = synthetic_model();
  const Words flags = {"-n", "12", "--temp", "0", "--ignore-eos"};
  Words chat = {"chat", model, "-sys", "Be brief.", "-p", "hello"};
  chat.insert(chat.end(), flags.begin(), flags.end());
  const std::string conversation =
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n"
      "<|im_start|>assistant\n";
  Words run = {"run", model, "--special", "-p", conversation};
  run.insert(run.end(), flags.begin(), flags.end());
  const ProcessResult reply = cria(chat);
  EXPECT_EQ(reply.exit_code, 0) << reply.err;
  EXPECT_EQ(reply.out, cria(run).out);
}

TEST(ChatWithoutTerminal, ModelWithoutTemplateIsRefusedWithTheNamesThatCanBeForced) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  const ProcessResult refused = cria({"chat", model, "-p", "hello"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("chatml"), std::string::npos) << refused.err;
  const ProcessResult forced =
      cria({"chat", model, "-p", "hello", "--chat-template", "chatml", "-n", "5", "--temp", "0"});
  EXPECT_EQ(forced.exit_code, 0) << forced.err;
}

TEST(ChatWithoutTerminal, MessageLongerThanTheContextGivesBothNumbers) {
  std::string message;
  for (int i = 0; i < 600; ++i) message += "! ";
  const ProcessResult result = cria({"chat", synthetic_model(), "-c", "77"}, {.input = message});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("77"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace cria::testing
