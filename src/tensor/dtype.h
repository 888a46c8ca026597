// Element types of tensors: every type of the GGUF specification as a row of one table, and the
// grouped int8 of llama2.c, which GGUF lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cria/status.h"

namespace cria {

// The values are GGUF's type ids; kGroupedI8 is ours.
enum class DType : uint8_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q8_1 = 9,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  q8_k = 15,
  iq2_xxs = 16,
  iq2_xs = 17,
  iq3_xxs = 18,
  iq1_s = 19,
  iq4_nl = 20,
  iq3_s = 21,
  iq2_s = 22,
  iq4_xs = 23,
  i8 = 24,
  i16 = 25,
  i32 = 26,
  i64 = 27,
  f64 = 28,
  iq1_m = 29,
  bf16 = 30,
  tq1_0 = 34,
  tq2_0 = 35,
  mxfp4 = 39,
  nvfp4 = 40,
  q1_0 = 41,
  q2_0 = 42,
  grouped_i8 = 64,  // int8 values, and fp32 scales of groups of any size in a plane of their own
};
inline constexpr int kNumDTypes = 65;

struct DTypeInfo {
  DType dtype;
  const char* name;      // as users know it: "q4_0", "q4_K"
  uint32_t block_elems;  // elements in a block, along a row
  uint32_t block_bytes;
  bool computable;  // this version dequantises it and multiplies by it
  bool quantized;   // products with it take activations quantised to int8
};

// Null for an id that is in no table (a removed or a newer type).
const DTypeInfo* find_dtype(uint32_t gguf_type_id);
const DTypeInfo& dtype_info(DType dtype);
// By name, any case; null for an unknown one.
const DTypeInfo* find_dtype_by_name(std::string_view name);
// All rows, in order of id: n of them.
const DTypeInfo* all_dtypes(int& n);

// Bytes of a row of n elements; none where n is no multiple of the block or the product overflows.
std::optional<uint64_t> row_bytes(DType dtype, uint64_t n_elems);

}  // namespace cria
