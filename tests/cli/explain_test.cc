// cria explain MODEL, for people and for scripts.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace cria::testing {
namespace {

using Json = nlohmann::json;

TEST(ExplainModel, SaysKernelPackingCostAndCeiling) {
  const ProcessResult result = cria({"explain", synthetic_model(), "-t", "1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* word : {"output: q4_0", "feed-forward down", "2 x ", "packing ", "why ",
                           "kernel ", "threads ", "a token reads ", "GB/s: at most "}) {
    EXPECT_NE(result.out.find(word), std::string::npos) << word << " in\n" << result.out;
  }
}

TEST(ExplainModel, JsonHasTheSameAndNothingIsMeasuredUnasked) {
  const ProcessResult result =
      cria({"explain", synthetic_model(), "-t", "1", "--isa", "scalar", "--no-measure", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json all = Json::parse(result.out, nullptr, false);
  ASSERT_TRUE(all.is_object()) << result.out;
  EXPECT_EQ(all["kernels"], "scalar");
  EXPECT_EQ(all["n_threads"], 1);
  EXPECT_TRUE(all["read_gbs"].is_null());
  EXPECT_GT(all["weight_bytes_per_token"], 100000);
  EXPECT_EQ(all["kv_bytes_per_position"], 2 * 2 * 2 * 64 * 2);
  ASSERT_EQ(all["matrices"].size(), 6u);
  for (const Json& matrix : all["matrices"]) {
    EXPECT_EQ(matrix["table"], "scalar");
    EXPECT_EQ(matrix["arithmetic"], "int8");
  }
}

TEST(ExplainModel, WrongUsage) {
  EXPECT_EQ(cria({"explain", "m.gguf", "--bogus"}).exit_code, 2);
  EXPECT_EQ(cria({"explain", synthetic_model(), "--isa", "mmx"}).exit_code, 2);
  EXPECT_EQ(cria({"explain", "/nowhere.gguf"}).exit_code, 1);
}

}  // namespace
}  // namespace cria::testing
