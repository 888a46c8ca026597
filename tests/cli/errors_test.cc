// Failures that no flag causes: exit code 1 (130 after Ctrl-C), one line on standard error.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Words = std::vector<std::string>;

void expect_failure(const ProcessResult& result, const Words& mentions) {
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(is_one_message(result.err)) << result.err;
  for (const std::string& text : mentions) {
    EXPECT_NE(result.err.find(text), std::string::npos) << result.err << " lacks " << text;
  }
}

TEST(Errors, MissingFileIsNamedByEveryCommand) {
  const std::string path = temporary_dir() + "/none.gguf";
  expect_failure(cria({"run", path, "-p", "x"}), {path});
  expect_failure(cria({"chat", path, "-p", "x"}), {path});
  expect_failure(cria({"inspect", path}), {path});
  expect_failure(cria({"tokenize", path, "-p", "x"}), {path});
  expect_failure(cria({"run", "m.gguf", "-f", path}), {path});
}

TEST(Errors, DirectoryIsNamedByEveryCommand) {
  const std::string path = temporary_dir();
  expect_failure(cria({"run", path, "-p", "x"}), {path, "directory"});
  expect_failure(cria({"chat", path, "-p", "x"}), {path, "directory"});
  expect_failure(cria({"inspect", path}), {path, "directory"});
  expect_failure(cria({"tokenize", path, "-p", "x"}), {path, "directory"});
}

TEST(Errors, EmptyFileIsRefused) {
  const std::string path = temporary_dir() + "/empty.gguf";
  write_file(path, "");
  expect_failure(cria({"run", path, "-p", "x"}), {path});
}

TEST(Errors, CheckpointWithoutTokenizerSaysWhatToDo) {
  CRIA_SHARED_FILE(model, "models/stories260K.bin");
  expect_failure(cria({"run", model, "-p", "x"}), {"tokenizer"});
}

TEST(Errors, PromptLongerThanTheContextGivesBothNumbersAndNoOutput) {
  std::string prompt;
  for (int i = 0; i < 600; ++i) prompt += "! ";  // at least a token for each mark
  const std::string model = synthetic_model();
  const ProcessResult tokens = cria({"tokenize", model, "--ids"}, {.input = prompt});
  const auto n_tokens = std::count(tokens.out.begin(), tokens.out.end(), ' ') + 1;
  const Words words = {"run", model, "--echo", "-c", "100", "--temp", "0"};
  expect_failure(cria(words, {.input = prompt}), {std::to_string(n_tokens), "100"});
}

TEST(Errors, FullDiskBehindStandardOutputIsReported) {
  const ProcessOptions full = {.stdout_path = "/dev/full"};
  const std::string model = synthetic_model();
  const Words text = {"No space left"};
  expect_failure(cria({"run", model, "-p", "x", "-n", "4", "--temp", "0"}, full), text);
  expect_failure(cria({"chat", model, "-p", "x", "-n", "4", "--temp", "0"}, full), text);
  expect_failure(cria({"inspect", model}, full), text);
  expect_failure(cria({"tokenize", model, "-p", "x"}, full), text);
  expect_failure(cria({"--version"}, full), text);
}

TEST(Errors, FullDiskBehindSynthLeavesNoFile) {
  const std::string folder = temporary_dir();
  const ProcessResult result =
      cria({"synth", "--shape", "tiny", folder + "/m.gguf"}, {.max_file_bytes = 4096});
  expect_failure(result, {folder + "/m.gguf"});
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(Errors, CacheBeyondMemoryNamesTheSize) {
  if (memory_is_not_the_programs()) GTEST_SKIP() << "memory limits mean nothing here";
  expect_failure(
      cria({"run", synthetic_model(), "-p", "x", "-c", "2000000000", "--temp", "0", "-n", "1"},
           {.max_address_bytes = uint64_t{1} << 31}),
      {"memory", "bytes"});
}

// A prompt that takes long to read: the cost of a token grows with those before it.
std::string long_prompt() {
  std::string prompt;
  for (int i = 0; i < 60000; ++i) prompt += "! ";
  return prompt;
}

TEST(Interrupt, CtrlCInPrefillEndsQuicklyWithoutOutput) {
  const std::string model = synthetic_model();
  const ProcessResult result = cria(
      {"run", model, "-c", "200000", "-n", "1", "--echo"},
      {.input = long_prompt(), .interrupt_after_seconds = 0.5, .interrupt_after_output = "seed"});
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_LT(result.seconds_after_interrupt, 1 * patience());
}

TEST(Interrupt, CtrlCInGenerationKeepsWhatWasPrintedAndEndsTheLine) {
  const std::string model = synthetic_model();
  const ProcessResult result =
      cria({"run", model, "-c", "200000", "-p", "abc", "--ignore-eos", "--echo"},
           {.interrupt_after_seconds = 0.2, .interrupt_after_output = "abc"});
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_EQ(result.out.rfind("abc", 0), 0u);
  EXPECT_EQ(result.out.back(), '\n');
  EXPECT_LT(result.seconds_after_interrupt, 1 * patience());
}

TEST(Interrupt, AReaderThatLeavesEndsTheProgramQuietly) {
  const std::string model = synthetic_model();
  Words words = {"sh", "-c", "\"$@\" | head -c 3", "sh"};
  for (const std::string& word : cria_words(
           {"run", model, "-c", "200000", "-p", "abc", "--echo", "--ignore-eos", "--temp", "0"})) {
    words.push_back(word);
  }
  const ProcessResult result = run_process(words, clean_environment());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "abc");
  EXPECT_EQ(result.err, "");
}

}  // namespace
}  // namespace cria::testing
