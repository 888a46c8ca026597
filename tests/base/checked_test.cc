#include "base/checked.h"

#include <gtest/gtest.h>

namespace cria {
namespace {

constexpr uint64_t kMax = ~uint64_t{0};

TEST(CheckedMul, GivesTheProductWhereItFits) {
  EXPECT_EQ(checked_mul(0, kMax), 0u);
  EXPECT_EQ(checked_mul(1, kMax), kMax);
  EXPECT_EQ(checked_mul(0xffffffff, 0x100000001), kMax);
}

TEST(CheckedMul, GivesNothingWhereItWraps) {
  EXPECT_FALSE(checked_mul(2, uint64_t{1} << 63));
  EXPECT_FALSE(checked_mul(uint64_t{1} << 32, uint64_t{1} << 32));
  EXPECT_FALSE(checked_mul(kMax, kMax));
}

TEST(CheckedAdd, GivesTheSumOrNothing) {
  EXPECT_EQ(checked_add(kMax - 1, 1), kMax);
  EXPECT_FALSE(checked_add(kMax, 1));
  EXPECT_FALSE(checked_add(kMax, kMax));
}

TEST(CheckedAlignUp, RoundsUpOrGivesNothing) {
  EXPECT_EQ(checked_align_up(0, 32), 0u);
  EXPECT_EQ(checked_align_up(1, 32), 32u);
  EXPECT_EQ(checked_align_up(32, 32), 32u);
  EXPECT_EQ(checked_align_up(33, 32), 64u);
  EXPECT_EQ(checked_align_up(7, 1), 7u);
  EXPECT_EQ(checked_align_up(kMax - 31, 32), kMax - 31);
  EXPECT_FALSE(checked_align_up(kMax - 30, 32));
  EXPECT_FALSE(checked_align_up(kMax, 32));
}

}  // namespace
}  // namespace cria
