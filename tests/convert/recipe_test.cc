#include "convert/recipe.h"

#include <gtest/gtest.h>

#include "tensor/quantize.h"

namespace cria::convert {
namespace {

// Names that stay valid, and the numbers that other programs know them by.
TEST(Recipe, NamesAndFileTypes) {
  const std::vector<std::pair<const char*, uint32_t>> expected = {
      {"f32", 0},     {"f16", 1},     {"q4_0", 2},    {"q4_1", 3},    {"q8_0", 7},
      {"q5_0", 8},    {"q5_1", 9},    {"q2_k", 10},   {"q3_k_s", 11}, {"q3_k_m", 12},
      {"q3_k_l", 13}, {"q4_k_s", 14}, {"q4_k_m", 15}, {"q5_k_s", 16}, {"q5_k_m", 17},
      {"q6_k", 18},   {"bf16", 32}};
  for (const auto& [name, number] : expected) {
    const auto recipe = find_recipe(name);
    ASSERT_TRUE(recipe.ok()) << name;
    EXPECT_EQ(file_type(**recipe), number) << name;
  }
  EXPECT_TRUE(find_recipe("Q4_K_M").ok());
  for (const char* name : {"", "q4", "q4_k_x", "iq4_xs"}) {
    const auto recipe = find_recipe(name);
    EXPECT_EQ(recipe.status().code(), StatusCode::invalid_argument) << name;
    EXPECT_NE(recipe.status().message().find("q4_k_m"), std::string::npos);
  }
}

TEST(Recipe, PlainTypesAreThoseThatCanBeWritten) {
  for (const char* name : {"q4_0", "Q6_K", "f16"}) {
    const auto dtype = find_plain_type("field", name);
    ASSERT_TRUE(dtype.ok() && *dtype) << name;
    EXPECT_TRUE(can_quantize_to(**dtype));
  }
  EXPECT_FALSE(*find_plain_type("field", ""));
  for (const char* name : {"q4_k_m", "iq4_xs", "grouped_i8"}) {
    const auto dtype = find_plain_type("field", name);
    EXPECT_EQ(dtype.status().code(), StatusCode::invalid_argument) << name;
    EXPECT_EQ(dtype.status().message().find("field: "), 0u);
  }
}

}  // namespace
}  // namespace cria::convert
