#include "base/mathf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace cria {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr double kInf64 = std::numeric_limits<double>::infinity();

TEST(ExpF32, IsWithinItsContractOfTheCLibrary) {
  double worst = 0;
  for (double x = -87; x <= 88; x += 0.00037) {
    const auto argument = static_cast<float>(x);
    const double expected = std::exp(static_cast<double>(argument));
    worst = std::max(worst, std::fabs(static_cast<double>(exp_f32(argument)) / expected - 1));
  }
  EXPECT_LE(worst, 3e-7);
}

TEST(ExpF32, HandlesTheEndsOfItsRange) {
  EXPECT_EQ(exp_f32(0.0f), 1.0f);
  EXPECT_EQ(exp_f32(-0.0f), 1.0f);
  EXPECT_EQ(exp_f32(-1000.0f), 0.0f);
  EXPECT_EQ(exp_f32(-kInf), 0.0f);
  EXPECT_EQ(exp_f32(1000.0f), kInf);
  EXPECT_EQ(exp_f32(kInf), kInf);
  EXPECT_TRUE(std::isnan(exp_f32(NAN)));
  EXPECT_TRUE(std::isfinite(exp_f32(88.0f)));
  EXPECT_GT(exp_f32(-87.0f), 0.0f);
}

TEST(ExpF32, NeverDecreases) {
  float before = 0;
  for (float x = -90; x < 90; x += 0.001f) {
    const float now = exp_f32(x);
    EXPECT_GE(now, before * (1 - 3e-7f)) << x;
    before = now;
  }
}

TEST(ExpF64, IsWithinItsContractOfTheCLibrary) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(-699, 708);
  for (int i = 0; i < 200000; ++i) {
    const double x = uniform(random);
    ASSERT_LE(std::fabs(exp_f64(x) / std::exp(x) - 1), 1e-14) << x;
  }
  EXPECT_EQ(exp_f64(0), 1);
  EXPECT_EQ(exp_f64(-kInf64), 0);
  EXPECT_EQ(exp_f64(kInf64), kInf64);
  EXPECT_TRUE(std::isnan(exp_f64(NAN)));
}

TEST(LogF64, IsWithinItsContractOfTheCLibrary) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> exponent(-300, 300);
  for (int i = 0; i < 200000; ++i) {
    const double x = std::pow(10.0, exponent(random));
    ASSERT_LE(std::fabs(log_f64(x) - std::log(x)), 1e-14 * std::max(1.0, std::fabs(std::log(x))))
        << x;
  }
  EXPECT_EQ(log_f64(1), 0);
  // Near 1 the result is small: the error must be small against it.
  for (const double x : {1 + 1e-10, 1 - 1e-10, 1.001, 0.999, 0.7071, 0.70711, 1.4142, 1.4143}) {
    EXPECT_LE(std::fabs(log_f64(x) / std::log(x) - 1), 1e-14) << x;
  }
}

TEST(SinCosF64, AreWithinTheirContractOfTheCLibrary) {
  std::mt19937_64 random(3);
  for (const double limit : {1.0, 100.0, 1e5, 1e7}) {
    std::uniform_real_distribution<double> uniform(-limit, limit);
    for (int i = 0; i < 100000; ++i) {
      const double x = uniform(random);
      ASSERT_LE(std::fabs(sin_f64(x) - std::sin(x)), 1e-11) << x;
      ASSERT_LE(std::fabs(cos_f64(x) - std::cos(x)), 1e-11) << x;
    }
  }
}

TEST(SinCosF64, AreExactAtZeroAndRightAtQuarterTurns) {
  EXPECT_EQ(sin_f64(0), 0);
  EXPECT_EQ(cos_f64(0), 1);
  for (int quarter = -9; quarter <= 9; ++quarter) {
    const double x = quarter * 1.5707963267948966;
    EXPECT_NEAR(sin_f64(x), std::sin(x), 1e-15) << quarter;
    EXPECT_NEAR(cos_f64(x), std::cos(x), 1e-15) << quarter;
  }
}

}  // namespace
}  // namespace cria
