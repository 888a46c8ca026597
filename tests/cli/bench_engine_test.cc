// cria bench engine: every figure is there, every conversation gets its text, wrong usage is named.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace cria::testing {
namespace {

ProcessResult bench_engine(const std::vector<std::string>& more) {
  std::vector<std::string> words = {"bench", "engine", "--synthetic", "tiny", "-n",
                                    "8",     "-p",     "400",         "-r",   "1"};
  words.insert(words.end(), more.begin(), more.end());
  return cria(words);
}

TEST(BenchEngine, JsonHasTheFiguresThatScriptsRead) {
  const ProcessResult result = bench_engine({"--parallel", "1,3", "-t", "2", "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out, nullptr, false);
  ASSERT_TRUE(json.is_object()) << result.out;
  EXPECT_EQ(json["n_threads"], 2);
  ASSERT_EQ(json["parallel"].size(), 2u);
  EXPECT_EQ(json["parallel"][1]["n_conversations"], 3);
  for (const auto& one : json["parallel"]) {
    EXPECT_GT(one["tokens_per_second"], 0.0);
    EXPECT_EQ(one["same_text"], true);
  }
  EXPECT_EQ(json["parallel"][0]["ratio_to_first"], 1.0);
  EXPECT_GT(json["delay"]["step_ms"], 0.0);
  EXPECT_GT(json["delay"]["worst_gap_steps"], 0.0);
  EXPECT_GT(json["prefix"]["cold_ms"], 0.0);
  EXPECT_GT(json["prefix"]["restored_ms"], 0.0);
  EXPECT_GT(json["kv"]["n_tokens"], 0);
  EXPECT_GE(json["kv"]["n_page_tokens"], json["kv"]["n_tokens"]);
}

TEST(BenchEngine, ATableAndWrongUsage) {
  const ProcessResult table = bench_engine({});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_NE(table.out.find("| 8 |"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("resident memory grew"), std::string::npos) << table.out;
  EXPECT_EQ(bench_engine({"--parallel", "0"}).exit_code, 2);
  EXPECT_EQ(bench_engine({"-o", "csv"}).exit_code, 2);
  EXPECT_EQ(cria({"bench", "engine", "--synthetic", "none"}).exit_code, 2);
}

}  // namespace
}  // namespace cria::testing
