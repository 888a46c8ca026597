// cria quantize, imatrix and perplexity, as their users chain them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

std::string synthetic_f32() {
  std::string path = temporary_dir() + "/f32.gguf";
  const ProcessResult result = cria({"synth", "--shape", "tiny", "--type", "f32", path});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return path;
}

std::string text_file(int n_words) {
  std::string text;
  for (int i = 0; i < n_words; ++i) text += "word " + std::to_string(i * 7919 % 1000) + " ";
  std::string path = temporary_dir() + "/text.txt";
  write_file(path, text);
  return path;
}

std::string quantized(const std::string& in, const Words& flags) {
  std::string out = temporary_dir() + "/out.gguf";
  Words words = {"quantize", in, out};
  words.insert(words.end(), flags.begin(), flags.end());
  const ProcessResult result = cria(words);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return out;
}

Json perplexity(const std::string& model, const std::string& text, const Words& flags) {
  Words words = {"perplexity", model, "-f", text, "--json"};
  words.insert(words.end(), flags.begin(), flags.end());
  const ProcessResult result = cria(words);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  Json report = Json::parse(result.out, nullptr, false);
  EXPECT_FALSE(report.is_discarded()) << result.out;
  return report;
}

void expect_failure(const Words& words, int exit_code, const Words& mentions) {
  const ProcessResult result = cria(words);
  EXPECT_EQ(result.exit_code, exit_code) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(is_one_message(result.err)) << result.err;
  for (const std::string& text : mentions) {
    EXPECT_NE(result.err.find(text), std::string::npos) << result.err << " lacks " << text;
  }
}

TEST(Quantize, EveryTypeRunsAndIsAsLargeAsItSays) {
  const std::string in = synthetic_f32();
  const std::vector<std::pair<const char*, double>> bits = {
      {"f16", 16},   {"bf16", 16},    {"q8_0", 8.5},    {"q6_k", 6.5625},
      {"q5_k", 5.5}, {"q5_1", 6},     {"q5_0", 5.5},    {"q4_k", 4.5},
      {"q4_1", 5},   {"q4_0", 4.5},   {"q3_k", 3.4375}, {"q2_k", 2.625},
      {"q4_k_m", 5}, {"q5_k_m", 5.8}, {"q3_k_m", 4.2},  {"f32", 32}};
  const auto plain = static_cast<double>(fs::file_size(in));
  for (const auto& [type, wanted] : bits) {
    SCOPED_TRACE(type);
    const std::string out = quantized(in, {"--type", type});
    // Vocabulary and norms are there in any type.
    EXPECT_NEAR(static_cast<double>(fs::file_size(out)) / plain, wanted / 32, 0.02);
    const ProcessResult run = cria({"run", out, "-p", "a", "-n", "3", "--temp", "0"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
  }
}

TEST(Quantize, SaysWhatItWrote) {
  const std::string out = temporary_dir() + "/out.gguf";
  const ProcessResult result = cria({"quantize", synthetic_f32(), out, "Q4_K_M"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_NE(result.out.find("q4_K "), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("f32 5"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find(" bits a weight\n"), std::string::npos) << result.out;
}

TEST(Quantize, SaysWhatDoesNotFit) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  const std::string out = temporary_dir() + "/out.gguf";
  const ProcessResult result = cria({"quantize", model, out, "--type", "q4_k"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  // Rows of 64 fit blocks of 32; those of 172 fit none.
  EXPECT_NE(result.err.find("rows of 64 elements"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("written as q5_0"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("rows of 172 elements"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("written as f16"), std::string::npos) << result.err;
}

TEST(Quantize, WrongUsage) {
  const std::string in = synthetic_f32(), out = temporary_dir() + "/out.gguf";
  expect_failure({"quantize"}, 2, {"IN"});
  expect_failure({"quantize", in}, 2, {"OUT"});
  expect_failure({"quantize", in, out, "--type", "q9"}, 2, {"q4_k_m", "q9"});
  expect_failure({"quantize", in, out, "--output-type", "q4_k_m"}, 2, {"output_type", "q6_k"});
  expect_failure({"quantize", in, in}, 2, {in});
  expect_failure({"quantize", in, out, "-t", "0x"}, 2, {"--threads"});
  expect_failure({"imatrix", in, "-o", out}, 2, {"-f"});
  expect_failure({"imatrix", in, "-f", in}, 2, {"-o"});
  expect_failure({"perplexity", in}, 2, {"-f"});
  expect_failure({"perplexity", "-f", in}, 2, {"MODEL"});
  expect_failure({"perplexity", in, "-f", in, "-c", "3"}, 2, {"-c,--ctx-size"});
  EXPECT_FALSE(fs::exists(out));
}

TEST(Quantize, FailuresNameTheFile) {
  const std::string in = synthetic_f32(), out = temporary_dir() + "/out.gguf";
  const std::string none = temporary_dir() + "/none.gguf";
  expect_failure({"quantize", none, out, "--type", "q8_0"}, 1, {none});
  expect_failure({"quantize", in, out, "--imatrix", none}, 1, {none});
  expect_failure({"perplexity", none, "-f", in}, 1, {none});
  expect_failure({"perplexity", in, "-f", none}, 1, {none});
  expect_failure({"imatrix", in, "-f", none, "-o", out}, 1, {none});
  expect_failure({"quantize", in, "/no/such/folder/x.gguf"}, 1, {"/no/such/folder/x.gguf"});
  const std::string empty = temporary_dir() + "/empty.txt";
  write_file(empty, "");
  expect_failure({"perplexity", in, "-f", empty}, 2, {"tokens"});
}

TEST(Quantize, AFullDiskLeavesTheOldFile) {
  const std::string in = synthetic_f32();
  const std::string folder = temporary_dir();
  write_file(folder + "/out.gguf", "earlier");
  const ProcessResult result =
      cria({"quantize", in, folder + "/out.gguf", "--type", "q8_0"}, {.max_file_bytes = 100000});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(is_one_message(result.err)) << result.err;
  EXPECT_EQ(read_file(folder + "/out.gguf"), "earlier");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST(Quantize, CtrlCLeavesTheOldFile) {
  const std::string folder = temporary_dir();
  const std::string in = folder + "/in.gguf", out = folder + "/out.gguf";
  ASSERT_EQ(cria({"synth", "--shape", "llama-134m", "--type", "q4_0", in}).exit_code, 0);
  write_file(out, "earlier");
  const ProcessResult result = cria({"quantize", in, out, "--type", "q2_k"},
                                    {.interrupt_after_seconds = is_emulated() ? 5.0 : 0.5});
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_EQ(read_file(out), "earlier");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 2);
}

TEST(Perplexity, OfAModelThatKnowsNothingIsAboutItsVocabulary) {
  const std::string model = synthetic_f32();
  const Json report = perplexity(model, text_file(300), {"-c", "64"});
  // Random weights say nothing about a text; 1,024 tokens.
  EXPECT_GT(report["perplexity"], 300);
  EXPECT_NEAR(report["perplexity"], std::exp(report["mean_nll"].get<double>()), 1e-6);
  const int n_chunks = report["n_text_tokens"].get<int>() / 64;
  EXPECT_EQ(report["n_chunks"], n_chunks);
  EXPECT_EQ(report["n_scored"], n_chunks * 31);
  EXPECT_GT(report["standard_error"], 0);
  EXPECT_GT(report["tokens_per_second"], 0);
}

TEST(Perplexity, OfAModelFromItselfIsNoDistance) {
  const std::string model = synthetic_f32(), text = text_file(100);
  const Json report = perplexity(model, text, {"-c", "64", "--kl-against", model});
  EXPECT_EQ(report["mean_kl"], 0);
  EXPECT_EQ(report["same_top"], 1);
  EXPECT_EQ(report["perplexity"], report["base"]["perplexity"]);
  const ProcessResult lines =
      cria({"perplexity", model, "-f", text, "-c", "64", "--kl-against", model});
  EXPECT_NE(lines.out.find("KL divergence  0.000000"), std::string::npos) << lines.out;
  EXPECT_NE(lines.out.find("same top token 100.00 %"), std::string::npos) << lines.out;
}

TEST(Perplexity, ThreadsAndShortTextsChangeNothingElse) {
  const std::string model = synthetic_f32(), text = text_file(40);
  const Json one = perplexity(model, text, {"-t", "1"});
  const Json three = perplexity(model, text, {"-t", "3"});
  EXPECT_EQ(one["perplexity"], three["perplexity"]);
  EXPECT_EQ(one["n_chunks"], 1);
  EXPECT_EQ(one["n_ctx"], one["n_text_tokens"]);
}

TEST(Perplexity, AnotherVocabularyCannotBeCompared) {
  CRIA_SHARED_FILE(stories, "models/stories260K-f32.gguf");
  const std::string model = synthetic_f32();
  expect_failure({"perplexity", model, "-f", text_file(40), "--kl-against", stories}, 2,
                 {stories, "vocabulary"});
}

// The texts that the trained model wrote, in one file; "" where they are not there.
std::string stories() {
  if (shared_dir().empty()) return {};
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(shared_dir() + "/golden")) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::string text;
  for (const std::string& path : paths) text += read_file(path) + "\n";
  std::string file = temporary_dir() + "/stories.txt";
  write_file(file, text);
  return file;
}

// A trained model: what each type costs. Its rows of 64 and 172 fit no block of 256.
TEST(Perplexity, OfATrainedModelRisesAsTypesGetSmaller) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  const std::string file = stories();
  const Json f32 = perplexity(model, file, {"-c", "256"});
  EXPECT_LT(f32["perplexity"], 10);  // of 512 tokens
  const std::vector<std::pair<const char*, double>> most_above = {
      {"f16", 0.002}, {"bf16", 0.01},   {"q8_0", 0.005}, {"q6_k", 0.01}, {"q5_1", 0.05},
      {"q5_0", 0.03}, {"q4_k_m", 0.05}, {"q4_1", 0.1},   {"q4_0", 0.15}};
  for (const auto& [type, most] : most_above) {
    SCOPED_TRACE(type);
    const std::string out = quantized(model, {"--type", type});
    const Json report = perplexity(out, file, {"-c", "256", "--kl-against", model});
    EXPECT_EQ(report["base"]["perplexity"], f32["perplexity"]);
    const double above = report["perplexity"].get<double>() / f32["perplexity"].get<double>() - 1;
    EXPECT_LT(std::abs(above), most);
    EXPECT_LT(report["mean_kl"], most);
    EXPECT_GT(report["same_top"], 0.8);
  }
}

TEST(Imatrix, IsMadeFromATextAndChangesTheWeights) {
  const std::string model = synthetic_f32(), text = text_file(200);
  const std::string matrix = temporary_dir() + "/model.imatrix.gguf";
  const ProcessResult made = cria({"imatrix", model, "-f", text, "-c", "64", "-o", matrix});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_NE(made.out.find("15 matrices"), std::string::npos) << made.out;
  const ProcessResult report = cria({"inspect", matrix, "--json"});
  const Json held = Json::parse(report.out, nullptr, false);
  ASSERT_FALSE(held.is_discarded()) << report.out;
  EXPECT_EQ(held["tensors"].size(), 30u);

  const std::string plain = quantized(model, {"--type", "q3_k_m"});
  const std::string weighted = quantized(model, {"--type", "q3_k_m", "--imatrix", matrix});
  EXPECT_EQ(fs::file_size(plain), fs::file_size(weighted));
  EXPECT_NE(read_file(plain), read_file(weighted));
}

TEST(Imatrix, BringsTheQuantisedModelCloserToTheOriginal) {
  CRIA_SHARED_FILE(model, "models/stories260K-f32.gguf");
  const std::string text = stories();
  const std::string matrix = temporary_dir() + "/model.imatrix.gguf";
  ASSERT_EQ(cria({"imatrix", model, "-f", text, "-c", "128", "-o", matrix}).exit_code, 0);
  const auto kl = [&](const Words& flags) {
    const std::string out = quantized(model, flags);
    return perplexity(out, text, {"-c", "128", "--kl-against", model})["mean_kl"].get<double>();
  };
  EXPECT_LT(kl({"--type", "q4_1", "--imatrix", matrix}), kl({"--type", "q4_1"}));
}

TEST(Imatrix, HostileFilesAreRefused) {
  const std::string model = synthetic_f32(), folder = temporary_dir();
  const std::string matrix = folder + "/m.gguf", out = folder + "/out.gguf";
  const auto refused = [&](const std::string& bytes) {
    write_file(matrix, bytes);
    const ProcessResult result = cria({"quantize", model, out, "--imatrix", matrix});
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_TRUE(is_one_message(result.err)) << result.err;
    EXPECT_FALSE(fs::exists(out));
  };
  refused("");
  refused("not a GGUF");
  refused(read_file(model));  // a GGUF, but a model
  ASSERT_EQ(cria({"imatrix", model, "-f", text_file(50), "-c", "32", "-o", matrix}).exit_code, 0);
  const std::string good = read_file(matrix);
  // Cut anywhere in its headers and in its data.
  for (const size_t n : {4u, 23u, 24u, 200u, 1000u}) refused(good.substr(0, n));
  refused(good.substr(0, good.size() - 64));
  // All numbers NaN, then all negative: the last tensor's data ends before the padding.
  for (const char byte : {'\xff', '\xbf'}) {
    std::string wrong = good;
    for (size_t i = good.size() - 2048; i < good.size(); ++i) wrong[i] = byte;
    refused(wrong);
  }
  // Another model's.
  CRIA_SHARED_FILE(stories, "models/stories260K-f32.gguf");
  ASSERT_EQ(cria({"imatrix", stories, "-f", text_file(50), "-c", "32", "-o", matrix}).exit_code, 0);
  const ProcessResult result = cria({"quantize", model, out, "--imatrix", matrix});
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_NE(result.err.find("another model"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace cria::testing
