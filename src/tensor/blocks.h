// Quantised block layouts as they stand in GGUF files, and their plain dequantisation.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace cria {

// All multi-byte fields are little-endian; d, dmin and m are fp16 bit patterns.
// Source: GGUF specification and the block definitions that its readers share.
// clang-format off
struct BlockQ4_0 { uint16_t d; uint8_t qs[16]; };
struct BlockQ4_1 { uint16_t d, m; uint8_t qs[16]; };
struct BlockQ5_0 { uint16_t d; uint8_t qh[4]; uint8_t qs[16]; };
struct BlockQ5_1 { uint16_t d, m; uint8_t qh[4]; uint8_t qs[16]; };
struct BlockQ8_0 { uint16_t d; int8_t qs[32]; };
struct BlockQ2K { uint8_t scales[16]; uint8_t qs[64]; uint16_t d, dmin; };
struct BlockQ3K { uint8_t hmask[32]; uint8_t qs[64]; uint8_t scales[12]; uint16_t d; };
struct BlockQ4K { uint16_t d, dmin; uint8_t scales[12]; uint8_t qs[128]; };
struct BlockQ5K { uint16_t d, dmin; uint8_t scales[12]; uint8_t qh[32]; uint8_t qs[128]; };
struct BlockQ6K { uint8_t ql[128]; uint8_t qh[64]; int8_t scales[16]; uint16_t d; };
// clang-format on
static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24 && sizeof(BlockQ8_0) == 34 && sizeof(BlockQ2K) == 84);
static_assert(sizeof(BlockQ3K) == 110 && sizeof(BlockQ4K) == 144 && sizeof(BlockQ5K) == 176);
static_assert(sizeof(BlockQ6K) == 210);

// Activations of one block of 32 columns, quantised for the integer products: ours, never in a
// file.
//   x[i] ~ d * q[i];  sums[h] = sum of q[16 h .. 16 h + 15], for weights with a minimum.
struct BlockQ8A {
  float d;
  int16_t sums[2];
  int8_t q[32];
};
static_assert(sizeof(BlockQ8A) == 40);

// 32 consecutive weights of any quantised type in one form, for the products to be written once:
//   w[i] = d[i / 16] * q[i] - m[i / 16]
struct Unpacked32 {
  int8_t q[32];
  float d[2];
  float m[2];
};

// out = weights 32 * i_32 to 32 * i_32 + 31 of a row at any address.
// Requires  a computable block type (not f32, f16, bf16, grouped_i8)
void unpack_32(DType dtype, const std::byte* row, int64_t i_32, Unpacked32& out);

// out[i] = element i of a row of n elements.
// Shapes    row: row_bytes(dtype, n) bytes, any alignment; out [n]
// Requires  dtype_info(dtype).computable, not grouped_i8; n a multiple of the block
// Accuracy  each element within one fp32 rounding per operation of the format's definition
void dequantize_row(DType dtype, const std::byte* row, int64_t n, float* out);

}  // namespace cria
