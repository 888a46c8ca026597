#include <gtest/gtest.h>

#include <array>

#include "sample/sampler.h"

namespace cria::sample {
namespace {

// The published first numbers of xoshiro256** seeded by splitmix64(0), and two more seeds from an
// implementation of the papers' formulas in another language.
TEST(Rng, GivesThePublishedNumbers) {
  struct Case {
    uint64_t seed;
    std::array<uint64_t, 5> numbers;
  };
  const Case cases[] = {
      {0,
       {0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c,
        0xbba5ad4a1f842e59}},
      {42,
       {0x15780b2e0c2ec716, 0x6104d9866d113a7e, 0xae17533239e499a1, 0xecb8ad4703b360a1,
        0xfde6dc7fe2ec5e64}},
      {~uint64_t{0},
       {0x8f5520d52a7ead08, 0xc476a018caa1802d, 0x81de31c0d260469e, 0xbf658d7e065f3c2f,
        0x913593fda1bca32a}},
  };
  for (const Case& c : cases) {
    Rng rng(c.seed);
    for (uint64_t number : c.numbers) EXPECT_EQ(rng.next_u64(), number) << "seed " << c.seed;
  }
}

TEST(Rng, UnitNumbersAreTheUpper53Bits) {
  Rng rng(0);
  EXPECT_EQ(rng.next_unit(), static_cast<double>(0x99ec5f36cb75f2b4 >> 11) / 9007199254740992.0);
  for (int i = 0; i < 10000; ++i) {
    const double u = rng.next_unit();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
  }
}

TEST(Rng, ACopyGoesOnAlike) {
  Rng rng(7);
  rng.next_u64();
  Rng copy = rng;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rng.next_u64(), copy.next_u64());
}

}  // namespace
}  // namespace cria::sample
