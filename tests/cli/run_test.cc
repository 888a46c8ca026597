// cria run: the golden texts, and what its flags do to them.
#include <gtest/gtest.h>

#include <ostream>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Words = std::vector<std::string>;

struct Golden {
  const char* name;
  const char* prompt;
  const char* n_predict;
  bool echo;
  const char* text;
};

constexpr Golden kGoldens[] = {
    {"Empty", "", "200", false, "golden/stories260K.empty.n200.txt"},
    {"Once", "Once upon a time", "252", true, "golden/stories260K.once.n256.txt"},
    {"Lily", "Lily and Tom went to the park.", "244", true, "golden/stories260K.lily.n256.txt"},
};

// The name of the case, where a test's name shows its parameter.
void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.name; }

Words golden_words(const Golden& golden) {
  Words words = {"-p", golden.prompt, "-n", golden.n_predict, "--temp", "0"};
  if (golden.echo) words.emplace_back("--echo");
  return words;
}

void expect_golden(const Golden& golden, Words model) {
  CRIA_SHARED_FILE(expected, golden.text);
  Words words = {"run"};
  words.insert(words.end(), model.begin(), model.end());
  for (const std::string& word : golden_words(golden)) words.push_back(word);
  const ProcessResult result = cria(words);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, read_file(expected));
  EXPECT_EQ(result.err, "");
}

class RunGolden : public ::testing::TestWithParam<Golden> {};

TEST_P(RunGolden, CheckpointContinuesByteForByte) {
  CRIA_SHARED_FILE(model, "models/stories260K.bin");
  CRIA_SHARED_FILE(tokenizer, "models/tok512.bin");
  expect_golden(GetParam(), {model, "--tokenizer", tokenizer});
}

TEST_P(RunGolden, CheckpointWithSentencePieceModelContinuesByteForByte) {
  CRIA_SHARED_FILE(model, "models/stories260K.bin");
  CRIA_SHARED_FILE(tokenizer, "models/tok512.model");
  expect_golden(GetParam(), {"--model", model, "--tokenizer", tokenizer});
}

TEST_P(RunGolden, GgufContinuesByteForByte) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  expect_golden(GetParam(), {"-m", model});
}

TEST_P(RunGolden, ScalarTableOneThreadAndSmallChunksChangeNothing) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  expect_golden(GetParam(), {model, "--isa", "scalar", "-t", "1", "-tb", "2", "-ub", "3"});
}

TEST_P(RunGolden, PromptComesFromStandardInputOrFileWithoutItsLastNewline) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  CRIA_SHARED_FILE(expected, GetParam().text);
  const std::string prompt = std::string(GetParam().prompt) + "\n";
  Words words = {"run", model, "-n", GetParam().n_predict, "--temp", "0"};
  if (GetParam().echo) words.emplace_back("--echo");
  EXPECT_EQ(cria(words, {.input = prompt}).out, read_file(expected));
  const std::string file = temporary_dir() + "/prompt.txt";
  write_file(file, prompt);
  words.insert(words.end(), {"-f", file});
  EXPECT_EQ(cria(words).out, read_file(expected));
}

// What is guessed depends on times; what comes does not.
TEST_P(RunGolden, GuessingAheadChangesNothing) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  expect_golden(GetParam(), {model, "--lookup"});
  expect_golden(GetParam(), {model, "-md", model, "--draft-max", "5"});
  expect_golden(GetParam(), {model, "--lookup", "--model-draft", model, "--draft", "64"});
}

INSTANTIATE_TEST_SUITE_P(Stories, RunGolden, ::testing::ValuesIn(kGoldens),
                         [](const auto& test) { return test.param.name; });

TEST(Run, WithoutEchoPrintsOnlyTheContinuation) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  CRIA_SHARED_FILE(expected, "golden/stories260K.once.n256.txt");
  const std::string prompt = "Once upon a time";
  const ProcessResult result = cria({"run", model, "-p", prompt, "-n", "252", "--temp", "0"});
  EXPECT_EQ(prompt + result.out, read_file(expected));
}

TEST(Run, StopTextEndsTheOutputBeforeIt) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  const ProcessResult result = cria({"run", model, "-p", "Once upon a time", "--temp", "0", "-r",
                                     "zebra", "-r", " little girl", "-n", "100"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, ", there was a\n");
}

TEST(Run, ZeroTokensPrintsOneNewline) {
  const ProcessResult result = cria({"run", synthetic_model(), "-p", "x", "-n", "0"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "\n");
}

TEST(Run, OneBeamIsTheGreedyTextAndWhatContradictsBeamsIsRefused) {
  const std::string model = synthetic_model();
  const Words words = {"run", model, "-p", "abc", "-n", "24", "--ignore-eos"};
  Words greedy = words, one = words, four = words;
  greedy.insert(greedy.end(), {"--temp", "0"});
  one.insert(one.end(), {"--beams", "1"});
  four.insert(four.end(), {"--beams", "4", "--length-penalty", "0.5", "--echo"});
  EXPECT_EQ(cria(one).out, cria(greedy).out);
  const ProcessResult best = cria(four);
  EXPECT_EQ(best.exit_code, 0) << best.err;
  EXPECT_EQ(best.out.rfind("abc", 0), 0u) << best.out;
  EXPECT_EQ(best.out, cria(four).out);
  for (const Words& more :
       {Words{"--beams", "0"}, Words{"--beams", "65"}, Words{"--beams", "x"},
        Words{"--beams", "2", "--lookup"}, Words{"--length-penalty", "1"},
        Words{"--beams", "2", "--length-penalty", "nan"}, Words{"--beams", "2", "--top-k", "5"},
        Words{"--beams", "2", "--mem", "1G"}}) {
    Words wrong = words;
    wrong.insert(wrong.end(), more.begin(), more.end());
    EXPECT_EQ(cria(wrong).exit_code, 2) << more.back();
  }
}

TEST(Run, PackedWeightsFromAFileOrTheCacheGiveTheSameText) {
  const std::string model = synthetic_model(), packed = temporary_dir() + "/synthetic.packed";
  const Words words = {"run", model, "-p", "abc", "-n", "24", "--temp", "0", "-v"};
  const std::string expected = cria(words).out;
  const ProcessResult made = cria({"pack", model, packed});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  Words from_file = words, from_cache = words;
  from_file.insert(from_file.end(), {"--packed", packed});
  from_cache.emplace_back("--pack-cache");
  EXPECT_EQ(cria(from_file).out, expected);
  const ProcessOptions own_cache = {
      .environment = {{"XDG_CACHE_HOME", temporary_dir() + "/cache"}}};
  const ProcessResult first = cria(from_cache, own_cache), second = cria(from_cache, own_cache);
  EXPECT_EQ(first.out, expected);
  EXPECT_NE(first.err.find("are kept in"), std::string::npos) << first.err;
  EXPECT_EQ(second.out, expected);
  EXPECT_NE(second.err.find("come from"), std::string::npos) << second.err;
  EXPECT_EQ(cria({"pack", model, model}).exit_code, 2);  // it would replace the model
  EXPECT_EQ(cria(words).out, expected);
  from_file.back() = model;
  const ProcessResult wrong = cria(from_file);
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_NE(wrong.err.find("no file of packed weights"), std::string::npos) << wrong.err;
  EXPECT_EQ(cria({"pack", model}).exit_code, 2);
  from_cache.insert(from_cache.end(), {"--packed", packed});
  EXPECT_EQ(cria(from_cache).exit_code, 2);
}

TEST(Run, SeedIsReportedAndGivesTheSameTextAgain) {
  const std::string model = synthetic_model();
  const Words words = {"run", model, "-p", "abc", "-n", "24", "--ignore-eos"};
  const ProcessResult first = cria(words);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  ASSERT_EQ(first.err.rfind("cria: seed ", 0), 0u) << first.err;
  Words again = words;
  again.insert(again.end(), {"--seed", first.err.substr(11, first.err.size() - 12)});
  EXPECT_EQ(cria(again).out, first.out);
  again.back() += "1";
  EXPECT_NE(cria(again).out, first.out);
}

TEST(Run, StatsGoToStandardErrorWithoutColourWhereItIsNoTerminal) {
  const ProcessResult result =
      cria({"run", synthetic_model(), "-p", "abc", "-n", "4", "--temp", "0", "--stats"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err.rfind("[ prompt: ", 0), 0u) << result.err;
  EXPECT_NE(result.err.find(" t/s | generation: "), std::string::npos) << result.err;
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
}

TEST(Run, ADraftModelOfAnotherVocabularyIsRefused) {
  CRIA_SHARED_FILE(stories, "models/stories260K-f32.gguf");
  const ProcessResult result =
      cria({"run", synthetic_model(), "--draft-model", stories, "-p", "x", "-n", "1"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(is_one_message(result.err)) << result.err;
  EXPECT_NE(result.err.find("stories260K-f32.gguf"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("512"), std::string::npos) << result.err;
  EXPECT_EQ(cria({"run", stories, "-md", "/nowhere/draft.gguf", "-p", "x"}).exit_code, 1);
}

TEST(Run, ModelComesFromTheEnvironmentAndAFlagBeatsIt) {
  const std::string model = synthetic_model();
  const Words words = {"run", "-p", "abc", "-n", "8", "--temp", "0"};
  const ProcessResult named = cria({"run", model, "-p", "abc", "-n", "8", "--temp", "0"});
  EXPECT_EQ(cria(words, {.environment = {{"CRIA_MODEL", model}}}).out, named.out);
  Words flagged = words;
  flagged.insert(flagged.end(), {"-m", model});
  const ProcessResult result = cria(flagged, {.environment = {{"CRIA_MODEL", "/nowhere"}}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, named.out);
}

TEST(Run, LogitBiasForbidsAToken) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  const Words words = {"run", model, "-p", "Once upon a time", "-n", "1", "--temp", "0"};
  ASSERT_EQ(cria(words).out, ",\n");
  const ProcessResult ids = cria({"tokenize", model, "-p", "Once upon a time,", "--ids"});
  const std::string comma = ids.out.substr(ids.out.rfind(' ') + 1);
  Words biased = words;
  biased.insert(biased.end(), {"--logit-bias", comma.substr(0, comma.size() - 1) + "-inf"});
  const ProcessResult result = cria(biased);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out, ",\n");
}

TEST(Synth, TheSameOptionsGiveTheSameBytes) {
  const std::string folder = temporary_dir();
  for (const char* name : {"/a.gguf", "/b.gguf"}) {
    const ProcessResult result =
        cria({"synth", "--shape", "tiny", "--type", "q8_0", "--seed", "7", folder + name});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out + result.err, "");
  }
  EXPECT_TRUE(read_file(folder + "/a.gguf") == read_file(folder + "/b.gguf"));
}

TEST(Synth, ListsShapesThatItKnows) {
  const ProcessResult result = cria({"synth", "--list"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.out.find("tinyllama-1.1b\n"), std::string::npos);
}

TEST(Synth, TakesAVocabularyFromAFile) {
  CRIA_SHARED_FILE(vocabulary, "tokenizers/llama2.model");
  const std::string path = temporary_dir() + "/model.gguf";
  const ProcessResult made = cria({"synth", "--shape", "tiny", "--vocab", vocabulary, path});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(cria({"tokenize", path, "--ids", "-p", "Hello world"}).out, "1 15043 3186\n");
  EXPECT_EQ(cria({"run", path, "-p", "Hello", "-n", "4"}).exit_code, 0);
}

TEST(Run, AReplyBeyondTheContextForgetsAndSaysSo) {
  const Words words = {"run", synthetic_model(), "-p", "one two",     "-n", "90", "-c",
                       "48",  "--temp",          "0",  "--ignore-eos"};
  const ProcessResult full = cria(words);
  EXPECT_EQ(full.exit_code, 0) << full.err;
  Words shifting = words;
  shifting.insert(shifting.end(), {"--overflow", "shift", "--stats-json"});
  const ProcessResult shifted = cria(shifting);
  EXPECT_EQ(shifted.exit_code, 0) << shifted.err;
  EXPECT_GT(shifted.out.size(), full.out.size());
  EXPECT_NE(shifted.err.find("tokens of the text were forgotten"), std::string::npos);
  EXPECT_NE(shifted.err.find("\"n_generated\": 90"), std::string::npos) << shifted.err;
  EXPECT_NE(shifted.err.find("\"finish\": \"max_tokens\""), std::string::npos) << shifted.err;
}

}  // namespace
}  // namespace cria::testing
