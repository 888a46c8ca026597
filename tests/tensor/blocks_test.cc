// Dequantisation against formulas written a second time, one element at a time and in double, from
// the formats' descriptions: a bit string per element instead of loops over a block.
#include "tensor/blocks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "support/guarded.h"
#include "tensor/half.h"

namespace cria {
namespace {

using testing::GuardedBytes;

// A block's bytes with helpers to take fields out.
struct Bytes {
  const uint8_t* at;
  int u8(int i) const { return at[i]; }
  int i8(int i) const { return at[i] < 128 ? at[i] : at[i] - 256; }
  double half(int i) const { return f16_to_f32(static_cast<uint16_t>(at[i] | (at[i + 1] << 8))); }
  int nibble(int i, bool high) const { return high ? at[i] / 16 : at[i] % 16; }
  int bit(int i, int n) const { return (at[i] >> n) % 2; }
  int pair(int i, int n) const { return (at[i] >> (2 * n)) % 4; }
};

double element_q4_0(Bytes b, int i) { return b.half(0) * (b.nibble(2 + i % 16, i >= 16) - 8); }
double element_q4_1(Bytes b, int i) {
  return b.half(0) * b.nibble(4 + i % 16, i >= 16) + b.half(2);
}
double element_q5_0(Bytes b, int i) {
  return b.half(0) * (b.nibble(6 + i % 16, i >= 16) + 16 * b.bit(2 + i / 8, i % 8) - 16);
}
double element_q5_1(Bytes b, int i) {
  return b.half(0) * (b.nibble(8 + i % 16, i >= 16) + 16 * b.bit(4 + i / 8, i % 8)) + b.half(2);
}
double element_q8_0(Bytes b, int i) { return b.half(0) * b.i8(2 + i); }

// 16 sub-blocks of 16; a byte holds elements 32 apart.
double element_q2_k(Bytes b, int i) {
  const int scale = b.u8(i / 16);
  const int q = b.pair(16 + i / 128 * 32 + i % 32, i % 128 / 32);
  return b.half(80) * (scale % 16) * q - b.half(82) * (scale / 16);
}

double element_q3_k(Bytes b, int i) {
  const int q = b.pair(32 + i / 128 * 32 + i % 32, i % 128 / 32) - (b.bit(i % 32, i / 32) ? 0 : 4);
  const int s = i / 16;
  const int scale = b.nibble(96 + s % 8, s >= 8) + 16 * b.pair(104 + s % 4, s / 4) - 32;
  return b.half(108) * scale * q;
}

struct ScaleMin {
  int scale, min;
};
// From the twelve bytes at offset 4: six-bit fields, by hand.
ScaleMin scale_min(Bytes b, int s) {
  switch (s) {
    case 0:
      return {b.u8(4) % 64, b.u8(8) % 64};
    case 1:
      return {b.u8(5) % 64, b.u8(9) % 64};
    case 2:
      return {b.u8(6) % 64, b.u8(10) % 64};
    case 3:
      return {b.u8(7) % 64, b.u8(11) % 64};
    case 4:
      return {b.u8(12) % 16 + b.u8(4) / 64 * 16, b.u8(12) / 16 + b.u8(8) / 64 * 16};
    case 5:
      return {b.u8(13) % 16 + b.u8(5) / 64 * 16, b.u8(13) / 16 + b.u8(9) / 64 * 16};
    case 6:
      return {b.u8(14) % 16 + b.u8(6) / 64 * 16, b.u8(14) / 16 + b.u8(10) / 64 * 16};
    default:
      return {b.u8(15) % 16 + b.u8(7) / 64 * 16, b.u8(15) / 16 + b.u8(11) / 64 * 16};
  }
}

double element_q4_k(Bytes b, int i) {
  const ScaleMin at = scale_min(b, i / 32);
  const int q = b.nibble(16 + i / 64 * 32 + i % 32, i % 64 >= 32);
  return b.half(0) * at.scale * q - b.half(2) * at.min;
}

double element_q5_k(Bytes b, int i) {
  const ScaleMin at = scale_min(b, i / 32);
  const int q = b.nibble(48 + i / 64 * 32 + i % 32, i % 64 >= 32) + 16 * b.bit(16 + i % 32, i / 32);
  return b.half(0) * at.scale * q - b.half(2) * at.min;
}

double element_q6_k(Bytes b, int i) {
  const int in_128 = i % 128;
  const int low = b.nibble(i / 128 * 64 + in_128 % 64, in_128 >= 64);
  const int high = b.pair(128 + i / 128 * 32 + i % 32, in_128 / 32);
  return b.half(208) * b.i8(192 + i / 16) * (low + 16 * high - 32);
}

struct Case {
  DType dtype;
  double (*element)(Bytes, int);
  std::vector<int> halves;  // offsets of the fp16 fields
};

const Case kCases[] = {
    {DType::q4_0, element_q4_0, {0}},    {DType::q4_1, element_q4_1, {0, 2}},
    {DType::q5_0, element_q5_0, {0}},    {DType::q5_1, element_q5_1, {0, 2}},
    {DType::q8_0, element_q8_0, {0}},    {DType::q2_k, element_q2_k, {80, 82}},
    {DType::q3_k, element_q3_k, {108}},  {DType::q4_k, element_q4_k, {0, 2}},
    {DType::q5_k, element_q5_k, {0, 2}}, {DType::q6_k, element_q6_k, {208}},
};

// Random bytes, with fp16 fields that are finite.
void fill_row(const Case& kind, std::mt19937& random, uint8_t* row, int n_blocks) {
  const int block_bytes = static_cast<int>(dtype_info(kind.dtype).block_bytes);
  for (int i = 0; i < n_blocks * block_bytes; ++i) row[i] = static_cast<uint8_t>(random());
  for (int i_block = 0; i_block < n_blocks; ++i_block) {
    for (const int at : kind.halves) row[i_block * block_bytes + at + 1] &= 0xbf;
  }
}

class Blocks : public ::testing::TestWithParam<Case> {};

TEST_P(Blocks, RandomRowsDequantiseAsTheFormatSays) {
  const Case& kind = GetParam();
  const DTypeInfo& info = dtype_info(kind.dtype);
  const int n_elems = static_cast<int>(info.block_elems);
  std::mt19937 random(7);  // NOLINT: a fixed seed, so that a failure repeats
  for (int n_blocks = 1; n_blocks <= 20; ++n_blocks) {
    const size_t n = static_cast<size_t>(n_blocks * n_elems);
    // Ends at a guard page; blocks of even size start at an odd address one round in two.
    const size_t shift = static_cast<size_t>(n_blocks % 2);
    GuardedBytes memory(shift + static_cast<size_t>(n_blocks) * info.block_bytes);
    std::vector<uint8_t> row(memory.size() - shift);
    fill_row(kind, random, row.data(), n_blocks);
    std::memcpy(memory.data(), row.data(), row.size());
    GuardedBytes out(n * sizeof(float));
    dequantize_row(kind.dtype, memory.data(), static_cast<int64_t>(n), out.as<float>());
    for (size_t i = 0; i < n; ++i) {
      const Bytes block{row.data() + i / info.block_elems * info.block_bytes};
      const double expected = kind.element(block, static_cast<int>(i % info.block_elems));
      // Two roundings of products and one of the difference; the terms stay below 2^18.
      const double tolerance = 2e-7 * std::abs(expected) + 2e-7 * kind.halves.size() * 100;
      ASSERT_NEAR(out.as<float>()[i], expected, tolerance) << info.name << " element " << i;
    }
  }
}

TEST_P(Blocks, UnpackedPartsGiveTheSameWeights) {
  const Case& kind = GetParam();
  const DTypeInfo& info = dtype_info(kind.dtype);
  std::mt19937 random(8);  // NOLINT
  std::vector<uint8_t> row(3 * info.block_bytes);
  fill_row(kind, random, row.data(), 3);
  const auto* bytes = reinterpret_cast<const std::byte*>(row.data());
  const int64_t n = 3 * static_cast<int64_t>(info.block_elems);
  std::vector<float> weights(static_cast<size_t>(n));
  dequantize_row(kind.dtype, bytes, n, weights.data());
  for (int64_t i_32 = 0; i_32 < n / 32; ++i_32) {
    Unpacked32 part;
    unpack_32(kind.dtype, bytes, i_32, part);
    for (int64_t i = 0; i < 32; ++i) {
      const float product = part.d[i / 16] * static_cast<float>(part.q[i]);
      EXPECT_EQ(weights[static_cast<size_t>(i_32 * 32 + i)], product - part.m[i / 16]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, Blocks, ::testing::ValuesIn(kCases), [](const auto& param) {
  return std::string(dtype_info(param.param.dtype).name);
});

TEST(PlainTypes, AreConvertedExactly) {
  const uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x7bff};
  float out[4];
  dequantize_row(DType::f16, reinterpret_cast<const std::byte*>(halves), 4, out);
  EXPECT_EQ(out[0], 1.0f);
  EXPECT_EQ(out[1], -2.0f);
  EXPECT_EQ(out[2], 0x1p-24f);
  EXPECT_EQ(out[3], 65504.0f);
  const uint16_t brains[] = {0x3f80, 0xc000, 0x0001, 0x7f7f};
  dequantize_row(DType::bf16, reinterpret_cast<const std::byte*>(brains), 4, out);
  EXPECT_EQ(out[0], 1.0f);
  EXPECT_EQ(out[1], -2.0f);
  EXPECT_EQ(out[2], bits_to_f32(0x10000));
  const float floats[] = {0.5f, -1e30f, 3.0f};
  dequantize_row(DType::f32, reinterpret_cast<const std::byte*>(floats), 3, out);
  EXPECT_EQ(out[1], -1e30f);
}

}  // namespace
}  // namespace cria
