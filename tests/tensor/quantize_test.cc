// Quantisation against searches through every scale, written a second time and in double; read back
// by dequantize_row, which blocks_test holds against the formats' descriptions.
#include "tensor/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "support/guarded.h"
#include "tensor/blocks.h"
#include "tensor/half.h"

namespace cria {
namespace {

using testing::GuardedBytes;
using Row = std::vector<float>;

struct Form {
  DType dtype;
  int lo, hi;  // integers of an element
  int n_sub;   // elements of a sub-block
  bool has_min;
  bool free_min;  // of either sign
  // The error's sum over many blocks, as a multiple of the free search's: what rounding the scales
  // of sub-blocks costs is part of it. And the same where some columns count far more than others.
  double tolerance, weighted_tolerance;
};
const Form kForms[] = {
    {DType::q4_0, -8, 7, 32, false, false, 1.02, 1.05},
    {DType::q4_1, 0, 15, 32, true, true, 1.02, 1.05},
    {DType::q5_0, -16, 15, 32, false, false, 1.03, 1.1},
    {DType::q5_1, 0, 31, 32, true, true, 1.05, 1.15},
    {DType::q8_0, -127, 127, 32, false, false, 1.14, 1.6},
    {DType::q2_k, 0, 3, 16, true, false, 1.06, 1.12},
    {DType::q3_k, -4, 3, 16, false, false, 1.02, 1.05},
    {DType::q4_k, 0, 15, 32, true, false, 1.04, 1.1},
    {DType::q5_k, 0, 31, 32, true, false, 1.11, 1.25},
    {DType::q6_k, -32, 31, 16, false, false, 1.16, 1.35},
};

Row quantized(DType dtype, const Row& x, const Row& importance = {}) {
  const size_t n_bytes = static_cast<size_t>(*row_bytes(dtype, x.size()));
  GuardedBytes bytes(n_bytes);
  quantize_row(dtype, x.data(), static_cast<int64_t>(x.size()),
               importance.empty() ? nullptr : importance.data(), bytes.data());
  Row out(x.size());
  dequantize_row(dtype, bytes.data(), static_cast<int64_t>(x.size()), out.data());
  return out;
}

double square_error(const Row& a, const Row& b, const Row& importance = {}) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum +=
        difference * difference * (importance.empty() ? 1.0 : static_cast<double>(importance[i]));
  }
  return sum;
}

Row normal_row(size_t n, unsigned seed, float deviation = 0.02f) {
  std::mt19937 random(seed);  // NOLINT: fixed, so that a failure repeats
  std::normal_distribution<float> normal(0, deviation);
  Row row(n);
  for (float& x : row) x = normal(random);
  return row;
}

Row importance_row(size_t n, unsigned seed) {
  std::mt19937 random(seed);  // NOLINT
  std::lognormal_distribution<float> lognormal(0, 1.5f);
  Row row(n);
  for (float& x : row) x = lognormal(random);
  return row;
}

// The least of sum w (x - d q)^2 over every d: between two neighbouring values of 1 / d at which an
// element's integer changes, the integers are constant and the best d is known.
double least_error(const Form& form, const float* x, const float* w, int n) {
  double zero = 0, gain = 0;
  for (int i = 0; i < n; ++i) zero += static_cast<double>(w[i]) * x[i] * x[i];
  for (const int sign : {1, -1}) {
    std::vector<std::pair<double, int>> events;  // 1 / d, element
    for (int i = 0; i < n; ++i) {
      const double y = sign * static_cast<double>(x[i]);
      const int most = y > 0 ? form.hi : -form.lo;
      for (int k = 1; k <= most && y != 0; ++k) events.emplace_back((k - 0.5) / std::abs(y), i);
    }
    std::sort(events.begin(), events.end());
    double xq = 0, qq = 0;
    std::vector<int> q(static_cast<size_t>(n));
    for (const auto& [at, i] : events) {
      const int k = ++q[static_cast<size_t>(i)];
      xq += static_cast<double>(w[i]) * std::abs(static_cast<double>(x[i]));
      qq += static_cast<double>(w[i]) * (2 * k - 1);
      gain = std::max(gain, xq * xq / qq);
    }
  }
  return zero - gain;
}

// The same with a minimum: a grid over both ends of the range, each point's integers solved for.
double least_error_with_min(const Form& form, const float* x, const float* w, int n) {
  const auto [low, high] = std::minmax_element(x, x + n);
  const double extent = static_cast<double>(*high) - static_cast<double>(*low);
  double best = std::numeric_limits<double>::infinity();
  constexpr int kSteps = 60;
  const double margin = extent / 4;
  for (int a = 0; a <= kSteps; ++a) {
    for (int b = 0; b <= kSteps; ++b) {
      double offset = *low - margin / 2 + margin * a / kSteps;
      const double top = *high + margin / 2 - margin * b / kSteps;
      if (!form.free_min) offset = std::min(offset, 0.0);
      const double d = (top - offset) / form.hi;
      double sw = 0, sx = 0, sq = 0, sqq = 0, sxq = 0, sxx = 0;
      for (int i = 0; i < n; ++i) {
        const double q = std::clamp(std::round((x[i] - offset) / d), 0.0, 1.0 * form.hi);
        const double weight = w[i], value = x[i];
        sw += weight;
        sx += weight * value;
        sq += weight * q;
        sqq += weight * q * q;
        sxq += weight * value * q;
        sxx += weight * value * value;
      }
      const double det = sw * sqq - sq * sq;
      double scale = (sw * sxq - sq * sx) / det, min = (sqq * sx - sq * sxq) / det;
      if (!form.free_min && min > 0) {
        min = 0;
        scale = sxq / sqq;
      }
      const double error = sxx - 2 * (scale * sxq + min * sx) + scale * scale * sqq +
                           2 * scale * min * sq + min * min * sw;
      best = std::min(best, error);
    }
  }
  return best;
}

double least_error(const Form& form, const Row& x, const Row& importance) {
  const Row ones(x.size(), 1.0f);
  const Row& w = importance.empty() ? ones : importance;
  double sum = 0;
  for (size_t i = 0; i < x.size(); i += static_cast<size_t>(form.n_sub)) {
    sum += form.has_min ? least_error_with_min(form, &x[i], &w[i], form.n_sub)
                        : least_error(form, &x[i], &w[i], form.n_sub);
  }
  return sum;
}

class Quantize : public ::testing::TestWithParam<Form> {};

TEST_P(Quantize, ErrorIsCloseToTheBestOfAllScales) {
  const Form& form = GetParam();
  const Row x = normal_row(2048, 11);
  const double error = square_error(x, quantized(form.dtype, x));
  const double least = least_error(form, x, {});
  EXPECT_LE(error, least * form.tolerance) << error / least;
}

TEST_P(Quantize, ImportanceIsWhatTheErrorIsWeightedBy) {
  const Form& form = GetParam();
  const Row x = normal_row(2048, 12);
  const Row importance = importance_row(2048, 13);
  const double weighted = square_error(x, quantized(form.dtype, x, importance), importance);
  const double plain = square_error(x, quantized(form.dtype, x), importance);
  const double least = least_error(form, x, importance);
  EXPECT_LT(weighted, plain);
  EXPECT_LE(weighted, least * form.weighted_tolerance) << weighted / least;
}

TEST_P(Quantize, ImportanceMayBeOfAnySizeAndMayBeMissing) {
  const Form& form = GetParam();
  const Row x = normal_row(256, 14);
  const Row importance = importance_row(256, 15);
  Row huge = importance, tiny = importance;
  for (float& w : huge) w *= 0x1p100f;
  for (float& w : tiny) w *= 0x1p-100f;
  EXPECT_EQ(quantized(form.dtype, x, huge), quantized(form.dtype, x, importance));
  EXPECT_EQ(quantized(form.dtype, x, tiny), quantized(form.dtype, x, importance));
  EXPECT_EQ(quantized(form.dtype, x, Row(256, 0.0f)), quantized(form.dtype, x));
  EXPECT_EQ(quantized(form.dtype, x, Row(256, 7.0f)), quantized(form.dtype, x));
}

TEST_P(Quantize, ZerosStayZeros) {
  const Form& form = GetParam();
  for (const float x : quantized(form.dtype, Row(512, 0.0f))) EXPECT_EQ(x, 0.0f);
  // Too small for any fp16 scale.
  for (const float x : quantized(form.dtype, Row(512, 1e-30f))) EXPECT_EQ(x, 0.0f);
  Row denormal(512, 0.0f);
  denormal[3] = std::numeric_limits<float>::denorm_min();
  for (const float x : quantized(form.dtype, denormal)) EXPECT_EQ(x, 0.0f);
}

TEST_P(Quantize, ConstantRowsKeepTheirValue) {
  const Form& form = GetParam();
  for (const float value : {0.75f, -0.75f, 1.0f, -3e-3f, 1000.0f}) {
    for (const float x : quantized(form.dtype, Row(256, value))) {
      EXPECT_NEAR(x, value, std::abs(value) * 2e-3f) << dtype_info(form.dtype).name;
    }
  }
}

TEST_P(Quantize, ABlockDoesNotDependOnItsNeighbours) {
  const Form& form = GetParam();
  const Row all = normal_row(768, 16);
  const Row together = quantized(form.dtype, all);
  for (size_t begin = 0; begin < 768; begin += 256) {
    const auto first = all.begin() + static_cast<ptrdiff_t>(begin);
    const Row alone = quantized(form.dtype, Row(first, first + 256));
    for (size_t i = 0; i < 256; ++i) EXPECT_EQ(alone[i], together[begin + i]);
  }
}

TEST_P(Quantize, ExtremeValuesAreNeverStoredAsInfinity) {
  const Form& form = GetParam();
  const float most = std::numeric_limits<float>::max();
  for (const Row& pair : {Row{most, -most}, Row{65504, -65504}, Row{most, 0}, Row{-1e30f, 1},
                          Row{1e-7f, 65504}, Row{most, most}, Row{-most, -most}}) {
    Row x(256);
    for (size_t i = 0; i < x.size(); ++i) x[i] = pair[i % 2];
    const Row out = quantized(form.dtype, x);
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_TRUE(std::isfinite(out[i]));
      const float expected = std::clamp(x[i], -65504.0f, 65504.0f);
      // Half a step of the coarsest type, and what signed ranges lack at one end.
      EXPECT_NEAR(out[i], expected, 65504.0f * 2 / static_cast<float>(form.hi + 1));
    }
  }
}

TEST_P(Quantize, OneElementOfABlockKeepsItsValue) {
  const Form& form = GetParam();
  for (const size_t at : {0u, 15u, 16u, 31u, 32u, 127u, 128u, 255u}) {
    for (const float value : {0.5f, -0.5f}) {
      Row x(256, 0.0f);
      x[at] = value;
      const Row out = quantized(form.dtype, x);
      for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(out[i], x[i], 1e-3f) << at << " " << i;
    }
  }
}

// Any row of the type is a row that it can hold: writing what was read loses next to nothing.
TEST_P(Quantize, QuantisingAgainChangesLittle) {
  const Form& form = GetParam();
  const Row x = normal_row(2048, 17);
  const Row once = quantized(form.dtype, x);
  const Row twice = quantized(form.dtype, once);
  EXPECT_LT(square_error(once, twice), 0.05 * square_error(x, once));
}

INSTANTIATE_TEST_SUITE_P(AllTypes, Quantize, ::testing::ValuesIn(kForms), [](const auto& param) {
  return std::string(dtype_info(param.param.dtype).name);
});

std::string bytes_of(DType dtype, const Row& x) {
  std::string bytes(static_cast<size_t>(*row_bytes(dtype, x.size())), '\0');
  quantize_row(dtype, x.data(), static_cast<int64_t>(x.size()), nullptr,
               reinterpret_cast<std::byte*>(bytes.data()));
  return bytes;
}

std::string repeated(std::string_view unit, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += unit;
  return out;
}

// Bytes that follow from the formats' descriptions by hand: rows that a type holds exactly.
TEST(QuantizeKnownVectors, Q8_0) {
  Row x(32, 0.0f);
  x[0] = 127;
  x[1] = -127;
  x[2] = 64;
  x[31] = -1;
  const std::string expected =  // 1.0, then the integers
      std::string("\x00\x3c\x7f\x81\x40", 5) + std::string(28, '\0') + "\xff";
  EXPECT_EQ(bytes_of(DType::q8_0, x), expected);
}

TEST(QuantizeKnownVectors, Q4_0) {
  Row x(32);
  for (size_t i = 0; i < 32; ++i) x[i] = 0.5f * static_cast<float>(static_cast<int>(i % 16) - 8);
  // 0.5; then element i in the low and i + 16 in the high half: both hold i.
  std::string expected("\x00\x38", 2);
  for (int i = 0; i < 16; ++i) expected += static_cast<char>(i * 17);
  EXPECT_EQ(bytes_of(DType::q4_0, x), expected);
}

TEST(QuantizeKnownVectors, Q4_1) {
  Row x(32);
  for (size_t i = 0; i < 32; ++i) x[i] = 3 + 0.25f * static_cast<float>(i % 16);
  std::string expected("\x00\x34\x00\x42", 4);  // 0.25, 3
  for (int i = 0; i < 16; ++i) expected += static_cast<char>(i * 17);
  EXPECT_EQ(bytes_of(DType::q4_1, x), expected);
}

TEST(QuantizeKnownVectors, Q5_0) {
  Row x(32);
  for (size_t i = 0; i < 32; ++i) x[i] = 2.0f * static_cast<float>(static_cast<int>(i) - 16);
  // 2.0; integers 0 to 31: the fifth bit is set from element 16 on.
  std::string expected("\x00\x40\x00\x00\xff\xff", 6);
  for (int i = 0; i < 16; ++i) expected += static_cast<char>(i * 17);
  EXPECT_EQ(bytes_of(DType::q5_0, x), expected);
}

TEST(QuantizeKnownVectors, Q5_1) {
  Row x(32);
  for (size_t i = 0; i < 32; ++i) x[i] = -8 + 1.0f * static_cast<float>(31 - i);
  // 1.0, -8; integers 31 down to 0.
  std::string expected("\x00\x3c\x00\xc8\xff\xff\x00\x00", 8);
  for (int i = 0; i < 16; ++i) expected += static_cast<char>((15 - i) * 17);
  EXPECT_EQ(bytes_of(DType::q5_1, x), expected);
}

TEST(QuantizeKnownVectors, Q4_KAndQ5_K) {
  // All sub-blocks alike: from -63 upwards in steps of 63, 16 of them or 32.
  Row x(256);
  for (size_t i = 0; i < 256; ++i) x[i] = -63 + 63 * static_cast<float>(i % 16);
  // d = 1, dmin = 1, scales 63, minima 63: six ones each.
  const std::string head = std::string("\x00\x3c\x00\x3c", 4) + std::string(12, '\xff');
  std::string quants;
  for (int i = 0; i < 16; ++i) quants += static_cast<char>(i * 17);
  EXPECT_EQ(bytes_of(DType::q4_k, x), head + repeated(quants, 8));

  for (size_t i = 0; i < 256; ++i) x[i] = -63 + 63 * static_cast<float>(i % 32);
  std::string fifth_bits = std::string(16, '\0') + std::string(16, '\xff');
  EXPECT_EQ(bytes_of(DType::q5_k, x), head + fifth_bits + repeated(quants, 8));
}

TEST(QuantizeKnownVectors, Q2_K) {
  Row x(256);
  for (size_t i = 0; i < 256; ++i) x[i] = -15 + 15 * static_cast<float>(i % 4);
  // Scales and minima 15; elements 0 1 2 3 in turn, four groups of 32 on top of each other.
  const std::string expected = std::string(16, '\xff') +
                               repeated(std::string("\x00\x55\xaa\xff", 4), 16) +
                               std::string("\x00\x3c\x00\x3c", 4);
  EXPECT_EQ(bytes_of(DType::q2_k, x), expected);
}

TEST(QuantizeKnownVectors, Q3_K) {
  // d = 1 with scales of -32, or d = -1 with scales of -32 and the integers' signs turned: the
  // range from -4 to 3 tells them apart.
  Row x(256);
  for (size_t i = 0; i < 256; ++i) x[i] = 32 * static_cast<float>(static_cast<int>(i % 8) - 4);
  const std::string bytes = bytes_of(DType::q3_k, x);
  // Integers 0 to 7 in turn (with the 4 added): the third bit is set in elements 4 to 7 of 8.
  EXPECT_EQ(bytes.substr(0, 32), repeated(std::string("\0\0\0\0\xff\xff\xff\xff", 8), 4));
  EXPECT_EQ(bytes.substr(32, 64), repeated(std::string("\x00\x55\xaa\xff\x00\x55\xaa\xff", 8), 8));
  EXPECT_EQ(bytes.substr(96, 12), std::string(12, '\0'));    // scales of -32
  EXPECT_EQ(bytes.substr(108), std::string("\x00\xbc", 2));  // -1.0
}

TEST(QuantizeKnownVectors, Q6_K) {
  Row x(256);
  for (size_t i = 0; i < 256; ++i) {
    // Each sub-block of 16 holds the ends of the range.
    const int q = i % 16 == 0 ? -32 : i % 16 == 15 ? 31 : static_cast<int>(i % 16);
    x[i] = 128 * static_cast<float>(q);
  }
  const std::string bytes = bytes_of(DType::q6_k, x);
  EXPECT_EQ(bytes.substr(192, 16), std::string(16, '\x80'));  // scales of -128
  EXPECT_EQ(bytes.substr(208), std::string("\x00\xbc", 2));   // -1.0
  // Low four bits 0 1 ... 14 15 (-32 is 0, 31 is 63); high two: 0, 2 fourteen times, 3.
  std::string low;
  for (int i = 0; i < 16; ++i) low += static_cast<char>(i * 17);
  EXPECT_EQ(bytes.substr(0, 128), repeated(low, 8));
  EXPECT_EQ(bytes.substr(128, 64), repeated('\0' + std::string(14, '\xaa') + '\xff', 4));
}

TEST(QuantizePlainTypes, RoundToNearestAndNeverToInfinity) {
  const Row x = {1.0f, -2.0f, 65519.0f, -1e30f, 3.4028235e38f, 1.00390625f};
  const Row half = quantized(DType::f16, x);
  EXPECT_EQ(half, (Row{1.0f, -2.0f, 65504.0f, -65504.0f, 65504.0f, 1.00390625f}));
  const Row brain = quantized(DType::bf16, x);
  EXPECT_EQ(brain[0], 1.0f);
  EXPECT_TRUE(std::isfinite(brain[4]));
  EXPECT_EQ(quantized(DType::f32, x), x);
}

TEST(CanQuantizeTo, TheComputableTypesOfGguf) {
  EXPECT_TRUE(can_quantize_to(DType::q4_k));
  EXPECT_TRUE(can_quantize_to(DType::bf16));
  EXPECT_FALSE(can_quantize_to(DType::iq4_xs));
  EXPECT_FALSE(can_quantize_to(DType::grouped_i8));
}

}  // namespace
}  // namespace cria
