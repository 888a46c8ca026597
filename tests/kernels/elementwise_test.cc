#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/tables.h"

namespace cria::kernels {
namespace {

using testing::Guarded;
using testing::Random;

class RmsNorm : public testing::EveryTable {
 protected:
  void check(const std::vector<float>& values, const std::vector<float>& weight, float eps) {
    const auto n = static_cast<int64_t>(values.size());
    double squares = 0;
    for (const float v : values) squares += static_cast<double>(v) * v;
    const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + eps);
    Guarded<float> x(values), w(weight), out(n);
    table_.rms_norm(x.data(), w.data(), n, eps, out.data());
    for (int64_t i = 0; i < n; ++i) {
      const double expected =
          weight[static_cast<size_t>(i)] * values[static_cast<size_t>(i)] * scale;
      ASSERT_NEAR(out[i], expected, 1e-5 * std::abs(expected)) << "n " << n << " at " << i;
    }
    table_.rms_norm(x.data(), w.data(), n, eps, x.data());
    EXPECT_TRUE(x.same_bits(out)) << "in place";
  }
};

TEST_P(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  Random random(21);  // NOLINT: a fixed seed
  for (int64_t n = 1; n <= 70; ++n) {
    check(testing::uniforms(random, n, 3), testing::uniforms(random, n, 2), 1e-5f);
  }
  check(testing::uniforms(random, 4096, 3), testing::uniforms(random, 4096, 2), 1e-6f);
  check(std::vector<float>(5000, 0.1f), std::vector<float>(5000, 1.0f), 1e-6f);
}

TEST_P(RmsNorm, ZerosStayZerosAndLargeValuesStayFinite) {
  check(std::vector<float>(33, 0.0f), std::vector<float>(33, 1.0f), 1e-5f);
  check(std::vector<float>(33, 1e17f), std::vector<float>(33, 1.0f), 1e-5f);
}

CRIA_FOR_EVERY_TABLE(RmsNorm);

class Swiglu : public testing::EveryTable {
 protected:
  std::vector<float> run(const std::vector<float>& gate, const std::vector<float>& up) {
    const auto n = static_cast<int64_t>(gate.size());
    Guarded<float> g(gate), u(up), out(n);
    table_.swiglu(g.data(), u.data(), n, out.data());
    Guarded<float> in_gate(gate), in_up(up);
    table_.swiglu(in_gate.data(), u.data(), n, in_gate.data());
    table_.swiglu(g.data(), in_up.data(), n, in_up.data());
    EXPECT_TRUE(in_gate.same_bits(out));
    EXPECT_TRUE(in_up.same_bits(out));
    return {out.data(), out.data() + n};
  }
};

TEST_P(Swiglu, IsSiluOfTheGateTimesUp) {
  Random random(22);  // NOLINT
  for (int64_t n = 1; n <= 40; ++n) {
    const auto gate = testing::uniforms(random, n, n % 2 == 0 ? 5.0f : 100.0f);
    const auto up = testing::uniforms(random, n, 3);
    const auto out = run(gate, up);
    for (size_t i = 0; i < out.size(); ++i) {
      const double g = gate[i];
      const double expected = g / (1 + std::exp(-g)) * up[i];
      // e^-g has left fp32 where g < -88; what is left of the product then is below 1e-35.
      ASSERT_NEAR(out[i], expected, 1e-5 * std::abs(expected) + 1e-35) << g;
    }
  }
}

TEST_P(Swiglu, FollowsTheScalarTableOverEveryMagnitude) {
  std::vector<float> gate;
  for (float g = 1e-30f; g < 1e30f; g *= 1.7f) {
    gate.push_back(g);
    gate.push_back(-g);
  }
  for (float g = -89; g < -86; g += 0.01f) gate.push_back(g);
  const std::vector<float> up(gate.size(), 1.0f);
  const auto out = run(gate, up);
  std::vector<float> expected(gate.size());
  scalar_.swiglu(gate.data(), up.data(), static_cast<int64_t>(gate.size()), expected.data());
  for (size_t i = 0; i < out.size(); ++i) {
    ASSERT_NEAR(out[i], expected[i], 1e-5 * std::abs(expected[i]) + 1e-42) << gate[i];
  }
}

TEST_P(Swiglu, NanAndInfinityAreNotLost) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < 19; ++i) {
    std::vector<float> gate(19, 1.0f), up(19, 1.0f);
    gate[i] = std::nanf("");
    up[(i + 1) % 19] = std::nanf("");
    gate[(i + 2) % 19] = kInfinity;
    const auto out = run(gate, up);
    EXPECT_TRUE(std::isnan(out[i]));
    EXPECT_TRUE(std::isnan(out[(i + 1) % 19]));
    EXPECT_EQ(out[(i + 2) % 19], kInfinity);
    EXPECT_NEAR(out[(i + 3) % 19], 0.7310586, 1e-5);
  }
}

CRIA_FOR_EVERY_TABLE(Swiglu);

}  // namespace
}  // namespace cria::kernels
