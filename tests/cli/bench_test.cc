// cria bench gemm and cria explain gemm: every format has what scripts read, results are checked,
// wrong usage says which flag.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/program.h"

namespace cria::testing {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

// A product small enough for any machine, with these words more.
ProcessResult bench_gemm(const Words& more) {
  Words words = {"bench", "gemm", "--n", "40", "--k", "256", "-r", "5", "--weights", "warm"};
  words.insert(words.end(), more.begin(), more.end());
  return cria(words, clean_environment());
}

TEST(BenchGemm, JsonIsAListOfCheckedResultsWithAllKeys) {
  const ProcessResult result =
      bench_gemm({"--type", "f32,s8,q4_0,q6_k", "--m", "1,3", "--libs", "eigen", "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json list = Json::parse(result.out, nullptr, false);
  ASSERT_TRUE(list.is_array()) << result.out;
  std::set<std::string> types;
  size_t n_ours = 0;
  for (const Json& one : list) {
    for (const char* key : {"type", "m", "n", "k", "threads", "weights", "lib", "gops", "spread",
                            "peak_gops", "bandwidth_gbs", "checked"}) {
      EXPECT_TRUE(one.contains(key)) << key;
    }
    EXPECT_EQ(one["n"], 40);
    EXPECT_EQ(one["k"], 256);
    EXPECT_EQ(one["weights"], "warm");
    EXPECT_EQ(one["threads"], 1);
    EXPECT_EQ(one["checked"], true) << one;
    EXPECT_GT(one["gops"], 0.0);
    EXPECT_GT(one["peak_gops"], 0.0);
    EXPECT_GT(one["bandwidth_gbs"], 0.0);
    types.insert(one["type"]);
    n_ours += one["lib"] == "cria" ? 1 : 0;
  }
  EXPECT_EQ(types, (std::set<std::string>{"f32", "q4_0", "q6_k", "s8"}));
  EXPECT_EQ(n_ours, 8u);
}

TEST(BenchGemm, TableAndCsvHaveARowPerResultAndTheNamedTableIsMeasured) {
  const Words scalar = {"--type", "f16", "--m", "1-4*2", "--isa", "scalar", "--libs", "none"};
  Words words = scalar;
  words.insert(words.end(), {"-o", "csv"});
  const auto csv = lines_of(bench_gemm(words).out);
  ASSERT_EQ(csv.size(), 4u);  // a head, and 1, 2 and 4 rows
  EXPECT_EQ(csv[0].rfind("type,m,n,k,threads,weights,lib,gops,", 0), 0u) << csv[0];
  EXPECT_EQ(csv[2].rfind("f16,2,40,256,1,warm,cria,", 0), 0u) << csv[2];
  EXPECT_EQ(csv[2].substr(csv[2].size() - 5), ",true");
  const ProcessResult table = bench_gemm(scalar);
  EXPECT_EQ(lines_of(table.out).size(), 5u) << table.out;
  EXPECT_NE(table.err.find("scalar"), std::string::npos) << table.err;
}

TEST(BenchGemm, PlotIsAnSvgFile) {
  const auto path = std::filesystem::temp_directory_path() / "cria-bench-test.svg";
  const ProcessResult result =
      bench_gemm({"--type", "f32", "--m", "1,2", "--libs", "none", "--plot", path.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::ifstream in(path);
  std::stringstream svg;
  svg << in.rdbuf();
  std::filesystem::remove(path);
  EXPECT_EQ(svg.str().rfind("<svg", 0), 0u);
  EXPECT_NE(svg.str().find("</svg>"), std::string::npos);
}

TEST(BenchGemm, WrongUsageNamesTheFlag) {
  const std::vector<std::pair<std::string, Words>> wrong = {
      {"--type", {"--type", "q9_9"}},
      {"--m", {"--m", "0"}},
      {"--m", {"--m", "1-8*1"}},
      {"--n", {"--n", "x"}},
      {"--k", {"--type", "q4_k", "--k", "32"}},
      {"--model", {"--model", "no-such-model"}},
      {"--weights", {"--weights", "tepid"}},
      {"--threads", {"-t", "0"}},
      {"--output", {"-o", "xml"}},
  };
  for (const auto& [flag, more] : wrong) {
    Words words = {"bench", "gemm"};
    words.insert(words.end(), more.begin(), more.end());
    const ProcessResult result = cria(words);
    EXPECT_EQ(result.exit_code, 2) << flag;
    EXPECT_EQ(result.out, "") << flag;
    EXPECT_TRUE(is_one_message(result.err)) << result.err;
    EXPECT_NE(result.err.find(flag), std::string::npos) << result.err;
  }
}

TEST(ExplainGemm, SaysKernelTileBlocksAndThreads) {
  const ProcessResult result = cria({"explain", "gemm", "4", "2048", "2048", "q4_0"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* word : {"kernel ", "tile ", "k  ", "threads "}) {
    EXPECT_NE(result.out.find(word), std::string::npos) << result.out;
  }
  const ProcessResult scalar =
      cria({"explain", "gemm", "1", "8", "8", "f32", "--isa", "scalar"}, clean_environment());
  EXPECT_NE(scalar.out.find("scalar"), std::string::npos) << scalar.out;
}

TEST(ExplainGemm, WrongUsageSaysWhat) {
  for (const Words& words :
       {Words{"explain", "gemm", "4", "2048"}, Words{"explain", "gemm", "4", "2048", "2048", "q0"},
        Words{"explain", "gemm", "-1", "2048", "2048", "f32"}}) {
    const ProcessResult result = cria(words);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_TRUE(is_one_message(result.err)) << result.err;
  }
  const ProcessResult isa = cria({"explain", "gemm", "1", "8", "8", "f32", "--isa", "mmx"});
  EXPECT_EQ(isa.exit_code, 2);
  EXPECT_NE(isa.err.find("mmx"), std::string::npos) << isa.err;
}

}  // namespace
}  // namespace cria::testing
