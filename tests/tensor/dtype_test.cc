#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

namespace cria {
namespace {

TEST(DType, TheTableIsInOrderOfIdAndEveryRowIsFound) {
  int n = 0;
  const DTypeInfo* rows = all_dtypes(n);
  std::set<std::string> names;
  for (int i = 0; i < n; ++i) {
    if (i > 0) {
      EXPECT_LT(rows[i - 1].dtype, rows[i].dtype);
    }
    EXPECT_TRUE(names.insert(rows[i].name).second) << rows[i].name;
    EXPECT_EQ(&dtype_info(rows[i].dtype), &rows[i]);
    EXPECT_EQ(find_dtype_by_name(rows[i].name), &rows[i]);
    if (rows[i].dtype != DType::grouped_i8) {
      EXPECT_EQ(find_dtype(static_cast<uint32_t>(rows[i].dtype)), &rows[i]);
    }
  }
}

TEST(DType, RemovedNewerAndOwnIdsAreNoFileTypes) {
  for (uint32_t id : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u, 43u, 63u, 64u, 65u, 255u, 256u, 258u,
                      0x80000000u, 0xffffffffu}) {
    EXPECT_EQ(find_dtype(id), nullptr) << id;
  }
}

TEST(DType, NamesAreFoundInAnyCase) {
  EXPECT_EQ(find_dtype_by_name("Q4_K")->dtype, DType::q4_k);
  EXPECT_EQ(find_dtype_by_name("q4_k")->dtype, DType::q4_k);
  EXPECT_EQ(find_dtype_by_name("BF16")->dtype, DType::bf16);
  EXPECT_EQ(find_dtype_by_name(""), nullptr);
  EXPECT_EQ(find_dtype_by_name("q4"), nullptr);
  EXPECT_EQ(find_dtype_by_name("q4_00"), nullptr);
}

// Sizes as bits per weight times block, from the specification's descriptions of each type.
TEST(DType, BlockSizesAreThoseOfTheSpecification) {
  struct Size {
    const char* name;
    double bits_per_weight;
  };
  for (const Size& size :
       {Size{"f32", 32},   {"f16", 16},         {"bf16", 16},       {"q4_0", 4.5},
        {"q4_1", 5},       {"q5_0", 5.5},       {"q5_1", 6},        {"q8_0", 8.5},
        {"q2_K", 2.625},   {"q3_K", 3.4375},    {"q4_K", 4.5},      {"q5_K", 5.5},
        {"q6_K", 6.5625},  {"iq2_xxs", 2.0625}, {"iq2_xs", 2.3125}, {"iq3_xxs", 3.0625},
        {"iq1_s", 1.5625}, {"iq4_nl", 4.5},     {"iq3_s", 3.4375},  {"iq2_s", 2.5625},
        {"iq4_xs", 4.25},  {"iq1_m", 1.75},     {"tq1_0", 1.6875},  {"tq2_0", 2.0625},
        {"mxfp4", 4.25},   {"nvfp4", 4.5},      {"q1_0", 1.125},    {"q2_0", 2.25}}) {
    const DTypeInfo* info = find_dtype_by_name(size.name);
    ASSERT_NE(info, nullptr) << size.name;
    EXPECT_EQ(info->block_bytes * 8.0 / info->block_elems, size.bits_per_weight) << size.name;
  }
}

TEST(DType, RowBytesRefusesPartialBlocksAndOverflow) {
  EXPECT_EQ(row_bytes(DType::q4_0, 64), 36u);
  EXPECT_EQ(row_bytes(DType::q6_k, 512), 420u);
  EXPECT_EQ(row_bytes(DType::f32, 0), 0u);
  EXPECT_EQ(row_bytes(DType::q4_0, 33), std::nullopt);
  EXPECT_EQ(row_bytes(DType::q6_k, 128), std::nullopt);
  EXPECT_EQ(row_bytes(DType::f64, std::numeric_limits<uint64_t>::max() / 8 + 1), std::nullopt);
  EXPECT_EQ(row_bytes(DType::f64, std::numeric_limits<uint64_t>::max() / 8),
            std::numeric_limits<uint64_t>::max() / 8 * 8);
}

}  // namespace
}  // namespace cria
