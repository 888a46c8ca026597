#include "ops/rope.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/dispatch.h"

namespace cria::ops {
namespace {

class RopeTest : public ::testing::Test {
 protected:
  RopeTest() : table_(*kernels::choose_table("scalar")), pool_(*ThreadPool::create(2)) {}
  Compute compute() { return {table_, *pool_}; }
  std::vector<float> angles(const RopeConfig& config, int64_t first, int64_t n) {
    const RopeFrequencies frequencies(config);
    std::vector<float> out(static_cast<size_t>(n * frequencies.n_pairs() * 2));
    frequencies.fill(compute(), first, n, out.data());
    return out;
  }
  kernels::Table table_;
  std::unique_ptr<ThreadPool> pool_;
};

TEST_F(RopeTest, AnglesArePositionTimesPowersOfTheBase) {
  const auto found = angles({.n_rot = 8, .base = 500000}, 100000, 3);
  for (int t = 0; t < 3; ++t) {
    for (int i = 0; i < 4; ++i) {
      const double angle = (100000 + t) * std::pow(500000.0, -2.0 * i / 8);
      EXPECT_NEAR(found[static_cast<size_t>((t * 4 + i) * 2)], std::cos(angle), 1e-6);
      EXPECT_NEAR(found[static_cast<size_t>((t * 4 + i) * 2 + 1)], std::sin(angle), 1e-6);
    }
  }
}

TEST_F(RopeTest, BothPairingsTurnTheRightElements) {
  for (const RopePairing pairing : {RopePairing::adjacent, RopePairing::halves}) {
    const RopeConfig config{.n_rot = 4, .base = 100, .pairing = pairing};
    const RopeFrequencies frequencies(config);
    const auto cos_sin = angles(config, 3, 1);
    // Two heads of 6, of which the last two elements do not turn.
    std::vector<float> x = {1, 2, 3, 4, 5, 6, -1, 0.5f, 2, 7, 8, 9};
    const std::vector<float> before = x;
    rope(compute(), frequencies, cos_sin.data(), 1, 2, 6, x.data());
    for (size_t head = 0; head < 12; head += 6) {
      for (size_t i = 0; i < 2; ++i) {
        const size_t a = head + (pairing == RopePairing::adjacent ? 2 * i : i);
        const size_t b = pairing == RopePairing::adjacent ? a + 1 : a + 2;
        const double angle = 3 * std::pow(100.0, -2.0 * static_cast<double>(i) / 4);
        EXPECT_NEAR(x[a], before[a] * std::cos(angle) - before[b] * std::sin(angle), 1e-5);
        EXPECT_NEAR(x[b], before[a] * std::sin(angle) + before[b] * std::cos(angle), 1e-5);
      }
      EXPECT_EQ(x[head + 4], before[head + 4]);
      EXPECT_EQ(x[head + 5], before[head + 5]);
    }
  }
}

TEST_F(RopeTest, LinearScalingSlowsEveryPair) {
  const auto plain = angles({.n_rot = 16}, 5, 1);
  const auto scaled = angles({.n_rot = 16, .scaling = RopeScaling::linear, .factor = 4}, 20, 1);
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(plain[i], scaled[i], 1e-6);
}

TEST_F(RopeTest, YarnKeepsFastPairsAndStretchesSlowOnes) {
  const RopeConfig config{
      .n_rot = 128, .scaling = RopeScaling::yarn, .factor = 4, .n_ctx_original = 4096};
  const double magnitude = 1 + 0.1 * std::log(4.0);
  const auto found = angles(config, 7, 1);
  EXPECT_NEAR(found[0], std::cos(7.0) * magnitude, 1e-5);
  const double slow = 7 * std::pow(10000.0, -126.0 / 128) / 4;
  EXPECT_NEAR(found[127], std::sin(slow) * magnitude, 1e-6);
}

}  // namespace
}  // namespace cria::ops
