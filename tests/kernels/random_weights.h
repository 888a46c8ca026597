// Random weights of every type that is multiplied by.
#pragma once

#include <cstring>
#include <vector>

#include "kernels/tables.h"
#include "tensor/blocks.h"
#include "tensor/half.h"

namespace cria::kernels::testing {

inline bool is_quantized(DType dtype) { return dtype_info(dtype).quantized; }

// Offsets of the fp16 fields in a block.
inline std::vector<int64_t> scale_offsets(DType dtype) {
  switch (dtype) {
    case DType::q4_1:
    case DType::q5_1:
    case DType::q4_k:
    case DType::q5_k:
      return {0, 2};
    case DType::q2_k:
      return {80, 82};
    case DType::q3_k:
      return {108};
    case DType::q6_k:
      return {208};
    default:
      return {0};
  }
}

// Sets every fp16 field; next() gives its bits.
template <typename Next>
void set_scales(DType dtype, std::vector<uint8_t>& w, const Next& next) {
  const size_t block_bytes = dtype_info(dtype).block_bytes;
  for (size_t block = 0; block + block_bytes <= w.size(); block += block_bytes) {
    for (const int64_t offset : scale_offsets(dtype)) {
      const uint16_t bits = next();
      std::memcpy(w.data() + block + offset, &bits, sizeof bits);
    }
  }
}

// Random weights: of magnitude 1 for floats; any bits and small scales for blocks.
inline std::vector<uint8_t> random_weights(Random& random, DType dtype, int64_t n_rows,
                                           int64_t n_cols) {
  const auto n = static_cast<size_t>(n_rows) * *row_bytes(dtype, static_cast<uint64_t>(n_cols));
  std::vector<uint8_t> w(n);
  for (uint8_t& byte : w) byte = static_cast<uint8_t>(random());
  if (is_quantized(dtype)) {
    set_scales(dtype, w, [&] { return f32_to_f16(uniform(random, 0.1f)); });
    return w;
  }
  const size_t elem_bytes = dtype_info(dtype).block_bytes;
  for (size_t i = 0; i < n; i += elem_bytes) {
    const float value = uniform(random, 1);
    const uint16_t bits = dtype == DType::f16 ? f32_to_f16(value) : f32_to_bf16(value);
    std::memcpy(w.data() + i, dtype == DType::f32 ? static_cast<const void*>(&value) : &bits,
                elem_bytes);
  }
  return w;
}

}  // namespace cria::kernels::testing
