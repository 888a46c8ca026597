// cria bench MODEL: tables and keys as scripts know them, the same logits for any number of
// threads, what was measured even after a Ctrl-C, and wrong usage by its flag.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

ProcessResult bench_model(const Words& more, const ProcessOptions& options = {}) {
  Words words = {"bench", "--synthetic", "tiny"};
  words.insert(words.end(), more.begin(), more.end());
  return cria(words, options);
}

TEST(BenchModel, JsonHasTheKeysThatScriptsRead) {
  const ProcessResult result =
      bench_model({"-p", "16", "-n", "4", "--batch", "1,4", "-r", "2", "-t", "1,2", "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json list = Json::parse(result.out, nullptr, false);
  ASSERT_TRUE(list.is_array()) << result.out;
  ASSERT_EQ(list.size(), 8u);  // pp, tg and two batches, with one and with two threads
  std::set<std::string> hashes;
  for (const Json& one : list) {
    for (const char* key :
         {"build_commit",   "build_number", "cpu_info",   "gpu_info",   "backends",
          "model_filename", "model_type",   "model_size", "n_batch",    "n_ubatch",
          "type_k",         "type_v",       "test_time",  "avg_ns",     "stddev_ns",
          "stddev_ts",      "samples_ts",   "read_gbs",   "peak_share", "bandwidth_share"}) {
      EXPECT_TRUE(one.contains(key)) << key;
    }
    EXPECT_EQ(one["samples_ns"].size(), 2u);
    EXPECT_GT(one["avg_ts"], 0.0);
    EXPECT_GT(one["peak_share"], 0.0);
    EXPECT_GT(one["model_n_params"], 100000);
    EXPECT_EQ(one["model_filename"], "synthetic tiny");
    EXPECT_EQ(one["n_prompt"] == 0, one["n_gen"] == 4);
    EXPECT_EQ(one["bandwidth_share"].is_null(), one["test"] == "pp16");
    EXPECT_GT(one["rss_bytes"], 1 << 20);
    EXPECT_TRUE(is_emulated() || one["ttft_ms"] > 0.0) << one["ttft_ms"];
    hashes.insert(one["logit_hash"]);
  }
  EXPECT_EQ(hashes.size(), 1u) << "the number of threads changed the logits";
  EXPECT_EQ(hashes.begin()->size(), 16u);
  EXPECT_EQ(list[0]["n_threads"], 1);
  EXPECT_EQ(list[7]["n_threads"], 2);
  EXPECT_EQ(list[7]["flat_batch"], 4);
  EXPECT_EQ(list[7]["n_prompt"], 4);
}

TEST(BenchModel, TheHashTellsModelsApart) {
  const auto hash = [](const Words& more) {
    Words words = {"-p", "0", "-n", "1", "-r", "1", "-t", "1", "-o", "jsonl"};
    words.insert(words.end(), more.begin(), more.end());
    const Json one = Json::parse(bench_model(words).out, nullptr, false);
    return one.is_object() ? one["logit_hash"].get<std::string>() : "";
  };
  const std::string q4 = hash({});
  EXPECT_EQ(q4, hash({"--ubatch-size", "7"})) << "chunks change no bit";
  EXPECT_NE(q4, hash({"--type", "q8_0"}));
}

TEST(BenchModel, TableHasTheColumnsThatScriptsRead) {
  const ProcessResult result =
      bench_model({"-p", "8,16", "-n", "0", "-pg", "8,2", "-d", "0,32", "-r", "1", "-t", "1"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto lines = lines_of(result.out);
  ASSERT_GT(lines.size(), 8u) << result.out;
  EXPECT_EQ(lines[0].rfind("| model | size | params | backend | threads | test | t/s |", 0), 0u);
  EXPECT_NE(lines[2].find("| CPU | 1 | pp8 | "), std::string::npos) << lines[2];
  EXPECT_NE(lines[2].find(" ± "), std::string::npos) << lines[2];
  EXPECT_NE(lines[3].find("| pp16 |"), std::string::npos);
  EXPECT_NE(lines[4].find("| pp8+tg2 |"), std::string::npos);
  EXPECT_NE(lines[7].find("| pp8+tg2 @ d32 |"), std::string::npos);
  EXPECT_NE(result.out.find("\nbuild: "), std::string::npos);
  EXPECT_NE(result.out.find("logits: "), std::string::npos);
}

TEST(BenchModel, CsvHasAFieldForEachColumn) {
  const ProcessResult result =
      bench_model({"-p", "4", "-n", "2", "-r", "1", "-t", "1", "-o", "csv"});
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 3u) << result.err;
  EXPECT_EQ(lines[0].rfind("build_commit,build_number,cpu_info,", 0), 0u);
  EXPECT_EQ(lines[1][0], '"');
  const auto n_columns = std::count(lines[0].begin(), lines[0].end(), ',') + 1;
  EXPECT_EQ(std::count(lines[1].begin(), lines[1].end(), '"'), 2 * n_columns) << lines[1];
}

TEST(BenchModel, AFileIsMeasuredAndAMissingOneIsSaidOnce) {
  const std::string model = synthetic_model();
  const ProcessResult result =
      cria({"bench", "-m", model, "-p", "0", "-n", "2", "-r", "1", "-t", "1", "-o", "jsonl"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json one = Json::parse(result.out, nullptr, false);
  ASSERT_TRUE(one.is_object()) << result.out;
  EXPECT_EQ(one["model_filename"], model);
  const ProcessResult missing = cria({"bench", "/nowhere/model.gguf"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_EQ(missing.out, "");
  EXPECT_TRUE(is_one_message(missing.err)) << missing.err;
}

TEST(BenchModel, AfterCtrlCStandsWhatWasMeasured) {
  const ProcessResult result =
      bench_model({"-p", "1", "-n", "20000", "-r", "20", "-t", "1", "--batch", "2"},
                  {.interrupt_after_seconds = 0.1, .interrupt_after_output = "| pp1 |"});
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_LT(result.seconds_after_interrupt, 10 * patience());
  EXPECT_NE(result.out.find("| pp1 |"), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find("batch2"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("\nbuild: "), std::string::npos) << result.out;
}

TEST(BenchModel, WrongUsageNamesTheFlag) {
  const std::vector<std::pair<std::string, Words>> wrong = {
      {"--n-prompt", {"-p", "-1"}},     {"--n-prompt", {"-p", "0-8*2"}},
      {"--n-gen", {"-n", "x"}},         {"--n-depth", {"-d", "1,,2"}},
      {"--threads", {"-t", "1,9999"}},  {"--repetitions", {"-r", "0"}},
      {"--batch", {"--batch", "5000"}}, {"--prompt-gen", {"-pg", "512"}},
      {"--output", {"-o", "xml"}},      {"--cache-type-k", {"-ctk", "q5_1"}},
      {"--bogus", {"--bogus"}},
  };
  for (const auto& [flag, more] : wrong) {
    const ProcessResult result = bench_model(more);
    EXPECT_EQ(result.exit_code, 2) << flag;
    EXPECT_EQ(result.out, "") << flag;
    EXPECT_TRUE(is_one_message(result.err)) << result.err;
    EXPECT_NE(result.err.find(flag), std::string::npos) << result.err;
  }
  for (const Words& words : {Words{"bench", "--synthetic", "no-such-model"},
                             Words{"bench", "m.gguf", "--synthetic", "tiny"}}) {
    const ProcessResult result = cria(words);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_NE(result.err.find("--synthetic"), std::string::npos) << result.err;
  }
  EXPECT_EQ(cria({"bench", "m.gguf", "--type", "q4_0"}).exit_code, 2);
  EXPECT_EQ(cria({"bench", "--synthetic", "tiny", "--type", "q9_9"}).exit_code, 2);
}

}  // namespace
}  // namespace cria::testing
