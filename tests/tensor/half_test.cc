#include "tensor/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cria {
namespace {

// The value of a binary16 pattern by its definition; not for infinities and NaN.
double f16_value(uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int mantissa = half & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

bool is_f16_nan(uint16_t half) { return (half & 0x7fff) > 0x7c00; }

TEST(Half, EveryF16PatternHasItsValueAndComesBack) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = f16_to_f32(half);
    if (is_f16_nan(half)) {
      EXPECT_TRUE(std::isnan(value)) << bits;
      EXPECT_TRUE(is_f16_nan(f32_to_f16(value))) << bits;
      continue;
    }
    if ((half & 0x7fff) == 0x7c00) {
      EXPECT_EQ(value, half & 0x8000 ? -std::numeric_limits<float>::infinity()
                                     : std::numeric_limits<float>::infinity());
    } else {
      EXPECT_EQ(static_cast<double>(value), f16_value(half)) << bits;
    }
    EXPECT_EQ(std::signbit(value), (half & 0x8000) != 0) << bits;
    EXPECT_EQ(f32_to_f16(value), half) << bits;
  }
}

TEST(Half, RoundsToTheNearestF16WithTiesToEven) {
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const double low = f16_value(half);
    const double high = f16_value(static_cast<uint16_t>(half + 1));
    const auto middle = static_cast<float>((low + high) / 2);  // exact in fp32
    const auto even = static_cast<uint16_t>(half % 2 == 0 ? half : half + 1);
    ASSERT_EQ(f32_to_f16(middle), even) << half;
    ASSERT_EQ(f32_to_f16(-middle), even | 0x8000) << half;
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, 0.0f)), half);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, 1e9f)), half + 1);
  }
  EXPECT_EQ(f32_to_f16(65519.996f), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
  EXPECT_EQ(f32_to_f16(1e-30f), 0);
  EXPECT_EQ(f32_to_f16(-1e-30f), 0x8000);
}

TEST(Half, Bf16KeepsTheUpperHalfAndRoundsTiesToEven) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto brain = static_cast<uint16_t>(bits);
    const float value = bf16_to_f32(brain);
    EXPECT_EQ(f32_to_bits(value), bits << 16);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(value))));
    } else {
      EXPECT_EQ(f32_to_bf16(value), brain);
    }
  }
  EXPECT_EQ(f32_to_bf16(bits_to_f32(0x3f808000)), 0x3f80);
  EXPECT_EQ(f32_to_bf16(bits_to_f32(0x3f808001)), 0x3f81);
  EXPECT_EQ(f32_to_bf16(bits_to_f32(0x3f818000)), 0x3f82);
  EXPECT_EQ(f32_to_bf16(bits_to_f32(0x3f817fff)), 0x3f81);
  EXPECT_EQ(f32_to_bf16(bits_to_f32(0x7f7fffff)), 0x7f80);
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(bits_to_f32(0x7f800001)))));
}

}  // namespace
}  // namespace cria
