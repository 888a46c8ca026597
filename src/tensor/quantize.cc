#include "tensor/quantize.h"

#include <algorithm>
#include <cstring>

#include "tensor/half.h"
#include "tensor/quantize_blocks.h"

namespace cria {
namespace {

// Larger ones would round to infinity.
constexpr float kLargestBf16 = 0x1.fep127f;

float in_range(float x) { return std::clamp(x, -kLargestQuantizable, kLargestQuantizable); }

// Weights of a block, the largest of them 1; all 1 where none is given or none is above 0.
void set_weights(const float* importance, int n, float* w) {
  std::fill_n(w, n, 1.0f);
  if (importance == nullptr) return;
  const float largest = *std::max_element(importance, importance + n);
  if (!(largest > 0)) return;
  for (int i = 0; i < n; ++i) w[i] = importance[i] / largest;
}

template <typename Block>
void quantize_blocks(const float* x, int64_t n, const float* importance, std::byte* out) {
  constexpr int kElems = sizeof(Block) > sizeof(BlockQ8_0) ? 256 : 32;
  for (int64_t begin = 0; begin < n; begin += kElems) {
    float values[kElems], weights[kElems];
    for (int i = 0; i < kElems; ++i) values[i] = in_range(x[begin + i]);
    set_weights(importance != nullptr ? importance + begin : nullptr, kElems, weights);
    Block block;
    quantize_block(values, weights, block);
    std::memcpy(out + begin / kElems * static_cast<int64_t>(sizeof block), &block, sizeof block);
  }
}

template <typename Convert>
void store_16_bits(const float* x, int64_t n, std::byte* out, const Convert& convert) {
  for (int64_t i = 0; i < n; ++i) {
    const uint16_t bits = convert(x[i]);
    std::memcpy(out + 2 * i, &bits, sizeof bits);
  }
}

}  // namespace

bool can_quantize_to(DType dtype) {
  return dtype_info(dtype).computable && dtype != DType::grouped_i8;
}

void quantize_row(DType dtype, const float* x, int64_t n, const float* importance, std::byte* out) {
  switch (dtype) {
    case DType::f32:
      std::memcpy(out, x, static_cast<size_t>(n) * sizeof *x);
      return;
    case DType::f16:
      return store_16_bits(x, n, out, [](float value) { return f32_to_f16(in_range(value)); });
    case DType::bf16:
      return store_16_bits(x, n, out, [](float value) {
        return f32_to_bf16(std::clamp(value, -kLargestBf16, kLargestBf16));
      });
    case DType::q4_0:
      return quantize_blocks<BlockQ4_0>(x, n, importance, out);
    case DType::q4_1:
      return quantize_blocks<BlockQ4_1>(x, n, importance, out);
    case DType::q5_0:
      return quantize_blocks<BlockQ5_0>(x, n, importance, out);
    case DType::q5_1:
      return quantize_blocks<BlockQ5_1>(x, n, importance, out);
    case DType::q8_0:
      return quantize_blocks<BlockQ8_0>(x, n, importance, out);
    case DType::q2_k:
      return quantize_blocks<BlockQ2K>(x, n, importance, out);
    case DType::q3_k:
      return quantize_blocks<BlockQ3K>(x, n, importance, out);
    case DType::q4_k:
      return quantize_blocks<BlockQ4K>(x, n, importance, out);
    case DType::q5_k:
      return quantize_blocks<BlockQ5K>(x, n, importance, out);
    case DType::q6_k:
      return quantize_blocks<BlockQ6K>(x, n, importance, out);
    default:
      return;
  }
}

}  // namespace cria
