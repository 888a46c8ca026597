// Wrong usage: exit code 2, one line on standard error that names the flag and what would be right,
// and nothing on standard output. Help and version: exit code 0 on standard output.
#include <gtest/gtest.h>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Words = std::vector<std::string>;

void expect_usage_error(const Words& words, const std::string& mentions) {
  const ProcessResult result = cria(words);
  EXPECT_EQ(result.exit_code, 2) << words.back();
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(is_one_message(result.err)) << result.err;
  EXPECT_NE(result.err.find(mentions), std::string::npos) << result.err << " lacks " << mentions;
}

TEST(Usage, VersionIsOneLine) {
  const ProcessResult result = cria({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out.rfind("cria ", 0), 0u);
  EXPECT_EQ(result.out.find('\n'), result.out.size() - 1);
  EXPECT_EQ(result.err, "");
}

TEST(Usage, HelpOfEachCommandHasExamples) {
  EXPECT_EQ(cria({"--help"}).exit_code, 0);
  const std::vector<Words> commands = {
      {"run"},      {"chat"},    {"al"},         {"inspect"},       {"tokenize"},        {"synth"},
      {"quantize"}, {"imatrix"}, {"perplexity"}, {"bench", "gemm"}, {"explain", "gemm"}, {"bench"},
      {"explain"},  {"verify"},  {"plan"}};
  for (Words words : commands) {
    words.emplace_back("--help");
    const ProcessResult result = cria(words);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_NE(result.out.find("Examples:\n  "), std::string::npos) << words[0];
    EXPECT_EQ(result.err, "");
  }
}

TEST(Usage, NoCommandPrintsHelpOnStandardError) {
  const ProcessResult result = cria({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("cria chat"), std::string::npos);
}

TEST(Usage, UnknownCommandAndFlag) {
  expect_usage_error({"sing"}, "chat");
  expect_usage_error({"run", "m.gguf", "--bogus"}, "--bogus");
  expect_usage_error({"run", "m.gguf", "-p"}, "--prompt");
  expect_usage_error({"inspect"}, "FILE");
  expect_usage_error({"synth"}, "OUT.gguf");
  expect_usage_error({"run", "m.gguf", "-p", "a", "-f", "b"}, "--file");
  expect_usage_error({"al", "-p", "x", "--json", "--calls"}, "--calls");
}

TEST(Usage, ValuesOutOfRange) {
  const std::vector<std::pair<const char*, Words>> wrong = {
      {"-n", {"-2", "-100", "x", "1.5", "99999999999", ""}},
      {"--temp", {"nan", "-1", "-nan", "inf", "warm", "0.5x"}},
      {"--top-k", {"-1", "nan"}},
      {"--top-p", {"nan", "0", "1.1", "-0.5"}},
      {"--min-p", {"nan", "1.5", "-1"}},
      {"--typical", {"nan", "0", "2"}},
      {"--repeat-penalty", {"nan", "0", "-1"}},
      {"--repeat-last-n", {"-2"}},
      {"--presence-penalty", {"nan", "inf"}},
      {"--frequency-penalty", {"nan"}},
      {"--seed", {"-2", "x"}},
      {"-t", {"-1", "100000", "two"}},
      {"-tb", {"-1"}},
      {"-c", {"-1", "x"}},
      {"-b", {"0"}},
      {"-ub", {"0", "-1"}},
      {"--draft-max", {"-1", "65", "x"}},
      {"-ctk", {"q4_1", "F16"}},
      {"-ctv", {""}},
      {"--logit-bias", {"5", "x+1", "5+nan", "-1+2", "5+1x"}},
  };
  for (const auto& [flag, values] : wrong) {
    for (const std::string& value : values) {
      expect_usage_error({"run", "m.gguf", "-p", "x", flag, value}, "found \"" + value + "\"");
    }
  }
}

TEST(Usage, UnknownKernelTableNamesThoseThatThereAre) {
  const std::string model = synthetic_model();
  expect_usage_error({"run", model, "-p", "x", "-n", "1", "--temp", "0", "--isa", "mmx"}, "scalar");
  const ProcessResult result = cria({"run", model, "-p", "x", "-n", "1", "--temp", "0"},
                                    {.environment = {{"CRIA_ISA", "mmx"}}});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("scalar"), std::string::npos) << result.err;
}

TEST(Usage, WrongNumberInTheEnvironment) {
  const ProcessResult result =
      cria({"run", "m.gguf", "-p", "x"}, {.environment = {{"CRIA_THREADS", "many"}}});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("CRIA_THREADS"), std::string::npos) << result.err;
}

TEST(Usage, UnknownNamesListTheKnownOnes) {
  const std::string out = temporary_dir() + "/x.gguf";
  expect_usage_error({"synth", "--shape", "huge", out}, "tinyllama-1.1b");
  expect_usage_error({"synth", "--type", "q3_z", out}, "q4_0");
  expect_usage_error({"chat", synthetic_model(), "--chat-template", "x", "-p", "hi"}, "chatml");
}

TEST(Usage, NoMessageOnStandardInput) {
  expect_usage_error({"chat", "m.gguf"}, "standard input is empty");
}

// A value may look like a flag, or like the notation of the library behind the flags.
TEST(Usage, ValuesAreTakenAsTheyAre) {
  const std::string model = synthetic_model();
  for (const char* prompt : {"-sys", "--help", "-ub", "{}", "[a,b]", "%%", "--", "-1"}) {
    const ProcessResult result =
        cria({"run", model, "-n", "0", "--echo", "-p", prompt, "-r", "{}", "--stats"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, std::string(prompt) + "\n");
  }
  EXPECT_EQ(cria({"run", model, "-n", "0", "--echo", "--prompt="}).out, "\n");
  EXPECT_EQ(cria({"run", model, "-n", "0", "--echo", "--prompt=a=b"}).out, "a=b\n");
}

}  // namespace
}  // namespace cria::testing
