#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/tables.h"
#include "tensor/half.h"

namespace cria::kernels {
namespace {

using testing::Guarded;
using testing::Random;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class Quantize : public testing::EveryTable {
 protected:
  // The slot's blocks, after checking that they are the scalar table's bit for bit.
  std::vector<BlockQ8A> quantize(const std::vector<float>& values) {
    Guarded<float> x(values);
    const int64_t n_blocks = static_cast<int64_t>(values.size()) / 32;
    Guarded<BlockQ8A> out(n_blocks), expected(n_blocks);
    table_.quantize_q8a(x.data(), static_cast<int64_t>(values.size()), out.data());
    scalar_.quantize_q8a(x.data(), static_cast<int64_t>(values.size()), expected.data());
    EXPECT_TRUE(out.same_bits(expected));
    return {out.data(), out.data() + n_blocks};
  }
};

TEST_P(Quantize, Q8aIsTheNearestMultipleOfTheScale) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    auto x = testing::uniforms(random, 32 * (1 + seed % 9),
                               std::ldexp(1.0f, static_cast<int>(seed) * 6 - 118));
    const auto blocks = quantize(x);
    for (size_t i = 0; i < x.size(); ++i) {
      const BlockQ8A& block = blocks[i / 32];
      const auto begin = x.begin() + static_cast<int64_t>(i / 32 * 32);
      const float largest = std::abs(*std::max_element(
          begin, begin + 32, [](float a, float b) { return std::abs(a) < std::abs(b); }));
      EXPECT_EQ(block.d, largest / 127);
      EXPECT_NEAR(x[i], static_cast<double>(block.d) * block.q[i % 32], block.d * 0.50001);
    }
    for (const BlockQ8A& block : blocks) {
      for (int half = 0; half < 2; ++half) {
        int sum = 0;
        for (int i = 0; i < 16; ++i) sum += block.q[16 * half + i];
        EXPECT_EQ(block.sums[half], sum);
      }
    }
  }
}

TEST_P(Quantize, Q8aRoundsTiesToEven) {
  std::vector<float> x(32);
  x[0] = 127;  // d is 1
  for (int i = 1; i < 32; ++i) x[static_cast<size_t>(i)] = static_cast<float>(i) - 16.5f;
  const auto blocks = quantize(x);
  EXPECT_EQ(blocks[0].d, 1.0f);
  for (int i = 1; i < 32; ++i) {
    const int up = i - 16;  // x is up - 0.5
    EXPECT_EQ(blocks[0].q[i], up % 2 == 0 ? up : up - 1) << i;
  }
}

TEST_P(Quantize, Q8aOfTinyBlocksIsZero) {
  for (const float tiny : {0.0f, -0.0f, 1e-45f, 3e-43f, 1e-38f, std::nextafter(0x1p-119f, 0.0f)}) {
    std::vector<float> x(64, tiny);
    x[40] = -tiny;
    for (const BlockQ8A& block : quantize(x)) {
      EXPECT_EQ(block.d, 0.0f);
      EXPECT_TRUE(std::all_of(block.q, block.q + 32, [](int8_t q) { return q == 0; }));
      EXPECT_EQ(block.sums[0], 0);
      EXPECT_EQ(block.sums[1], 0);
    }
  }
  EXPECT_EQ(quantize(std::vector<float>(32, -0x1p-119f))[0].q[5], -127);
  EXPECT_EQ(quantize(std::vector<float>(32, std::numeric_limits<float>::max()))[0].q[5], 127);
}

TEST_P(Quantize, Q8aKeepsNanAndInfinityVisibleInTheirBlockAlone) {
  for (const float bad : {kInfinity, -kInfinity, std::nanf(""), -std::nanf("")}) {
    for (size_t i = 0; i < 32; ++i) {
      std::vector<float> x(96, 2.0f);
      x[32 + i] = bad;
      const auto blocks = quantize(x);
      EXPECT_EQ(blocks[0].d, 2.0f / 127);
      EXPECT_TRUE(std::isnan(blocks[1].d));
      EXPECT_EQ(blocks[1].q[0], 0);
      EXPECT_EQ(blocks[2].d, 2.0f / 127);
    }
  }
}

struct GroupedRow {
  std::vector<float> scales;
  std::vector<int8_t> q;
};

GroupedRow grouped(const Table& table, const std::vector<float>& x, int64_t group_size) {
  const auto n = static_cast<int64_t>(x.size());
  const auto n_groups = static_cast<size_t>((n + group_size - 1) / group_size);
  Guarded<std::byte> out(static_cast<int64_t>(n_groups) * 4 + n);  // no byte of padding is touched
  table.quantize_grouped(x.data(), n, group_size, out.bytes());
  GroupedRow row{std::vector<float>(n_groups), std::vector<int8_t>(x.size())};
  std::memcpy(row.scales.data(), out.bytes(), n_groups * 4);
  std::memcpy(row.q.data(), out.bytes() + n_groups * 4, x.size());
  return row;
}

TEST_P(Quantize, GroupedRoundsHalfAwayFromZeroInGroupsOfAnySize) {
  Random random(3);  // NOLINT: a fixed seed
  for (const int64_t group_size : {1, 3, 8, 31, 64, 100}) {
    const auto x = testing::uniforms(random, 77, 5);
    const GroupedRow row = grouped(table_, x, group_size);
    for (size_t i = 0; i < x.size(); ++i) {
      const float scale = row.scales[i / static_cast<size_t>(group_size)];
      EXPECT_NEAR(x[i], scale * static_cast<float>(row.q[i]), scale * 0.50001f);
    }
  }
  const GroupedRow ties = grouped(table_, {127, 0.5f, -0.5f, 1.5f, -2.5f, 126.5f}, 6);
  EXPECT_EQ(ties.scales[0], 1.0f);
  EXPECT_EQ(ties.q, (std::vector<int8_t>{127, 1, -1, 2, -3, 127}));
}

TEST_P(Quantize, GroupedZerosTinyAndNotFinite) {
  const GroupedRow row =
      grouped(table_, {0, 0, 1e-44f, -1e-44f, kInfinity, 1, std::nanf(""), 1}, 2);
  EXPECT_EQ(row.scales[0], 0.0f);
  EXPECT_EQ(row.scales[1], 0.0f);
  EXPECT_TRUE(std::isnan(row.scales[2]));
  EXPECT_TRUE(std::isnan(row.scales[3]));
  EXPECT_EQ(row.q, std::vector<int8_t>(8, 0));
}

class StoreF16 : public testing::EveryTable {};

TEST_P(StoreF16, GivesTheBitsOfTheDefinitionForEveryLength) {
  Random random(4);  // NOLINT
  for (int64_t n = 0; n <= 40; ++n) {
    std::vector<float> values(static_cast<size_t>(n));
    for (float& value : values) value = bits_to_f32(static_cast<uint32_t>(random()));
    Guarded<float> x(values);
    Guarded<uint16_t> out(n);
    table_.store_f16(x.data(), n, out.data());
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(out[i], f32_to_f16(x[i])) << std::hex << f32_to_bits(x[i]);
    }
  }
}

TEST_P(StoreF16, GivesTheBitsOfTheDefinitionOverTheWholeRange) {
  constexpr uint32_t kStep = 0x3ff7;  // odd, so that the bits that are cut off vary
  std::vector<float> x;
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += kStep) {
    x.push_back(bits_to_f32(static_cast<uint32_t>(bits)));
  }
  for (uint32_t half = 0; half < 0x7c00; ++half) {  // and every tie
    x.push_back(bits_to_f32(f32_to_bits(f16_to_f32(static_cast<uint16_t>(half))) + 0x1000));
  }
  std::vector<uint16_t> out(x.size());
  table_.store_f16(x.data(), static_cast<int64_t>(x.size()), out.data());
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(out[i], f32_to_f16(x[i])) << std::hex << f32_to_bits(x[i]);
  }
}

CRIA_FOR_EVERY_TABLE(Quantize);
CRIA_FOR_EVERY_TABLE(StoreF16);

}  // namespace
}  // namespace cria::kernels
