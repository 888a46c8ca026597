// Guessing ahead as an app asks for it: nothing but the speed changes.
#include <gtest/gtest.h>

#include "cria/diagnose.h"
#include "cria/model.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria {
namespace {

Model open_random(uint64_t seed = 1) {
  testing::TinyModel tiny;
  tiny.n_ctx = 512;
  tiny.seed = seed;
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model(tiny, path);
  auto model = Model::open(path);
  EXPECT_TRUE(model.ok()) << model.status().message();
  return *model;
}

GenerateOptions sampled(int n, bool lookup) {
  GenerateOptions options;
  options.max_tokens = n;
  options.ignore_eos = true;
  options.sampling.temperature = 0.3f;
  options.speculation.lookup = lookup;
  return options;
}

// The tokens of a few turns of a chat.
std::vector<TokenId> chat_tokens(Session session, bool lookup) {
  std::vector<ChatMessage> messages;
  for (const char* text : {"the cat on the cat", "in the hat", "the cat on the cat in the hat"}) {
    messages.push_back({"user", text});
    const auto reply = session.chat(messages, sampled(60, lookup), {}, "chatml");
    EXPECT_TRUE(reply.ok()) << reply.status().message();
    EXPECT_LE(reply->n_accepted, reply->n_drafted);
    messages.push_back({"assistant", reply->text});
  }
  return session.tokens();
}

TEST(Speculation, AChatHasTheSameTokens) {
  const Model model = open_random(), draft = open_random(2);
  const auto expected = chat_tokens(*model.new_session(), false);
  EXPECT_EQ(chat_tokens(*model.new_session(), true), expected);
  EXPECT_EQ(chat_tokens(*model.new_session({}, draft), false), expected);
  EXPECT_EQ(chat_tokens(*model.new_session({}, model), true), expected);
}

TEST(Speculation, ADraftModelHasACacheOfItsOwn) {
  const Model model = open_random();
  EXPECT_EQ(model.new_session({}, model)->kv_bytes(), 2 * model.new_session()->kv_bytes());
}

TEST(Speculation, ADraftModelOfAnotherVocabularyIsRefused) {
  const std::string path = testing::temporary_dir() + "/synthetic.gguf";
  ASSERT_TRUE(synthesize(path, {}).ok());
  const auto synthetic = Model::open(path);
  ASSERT_TRUE(synthetic.ok()) << synthetic.status().message();
  const auto session = open_random().new_session({}, *synthetic);
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.status().code(), StatusCode::invalid_argument);
  EXPECT_NE(session.status().message().find(path), std::string::npos) << session.status().message();
}

TEST(Speculation, TheDraftModelOutlivesItsHandle) {
  auto session = [] { return *open_random().new_session({}, open_random(2)); }();
  EXPECT_TRUE(session.generate("cat", sampled(30, true)).ok());
}

TEST(Speculation, AReplayHoldsBothTexts) {
  auto session = open_random().new_session();
  const std::vector<TokenId> prompt = {1, 262, 263}, reply = {264, 262, 263, 264, 262, 263};
  const auto times = replay(*session, prompt, reply, {.lookup = true});
  ASSERT_TRUE(times.ok()) << times.status().message();
  EXPECT_EQ(session->tokens(), (std::vector<TokenId>{1, 262, 263, 264, 262, 263, 264, 262, 263}));
  EXPECT_FALSE(session->logits().empty());
  EXPECT_EQ(replay(*session, {}, std::vector<TokenId>(600, 5)).status().code(),
            StatusCode::context_full);
}

}  // namespace
}  // namespace cria
