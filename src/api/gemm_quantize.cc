// Quantisation of arrays, as the products' epilogues do it.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "api/gemm_checks.h"
#include "cria/gemm.h"
#include "gemm/epilogue.h"
#include "tensor/blocks.h"

namespace cria {
namespace {

struct Limits {
  int32_t low, high;
};
Limits limits_of(ElementType type) {
  if (type == ElementType::u8) return {0, 255};
  if (type == ElementType::s16) return {-32768, 32767};
  return {-128, 127};
}

bool is_target(ElementType type) {
  return type == ElementType::s8 || type == ElementType::u8 || type == ElementType::s16;
}

void store_int(void* out, int64_t i, ElementType type, int32_t value) {
  if (type == ElementType::s16) {
    const auto wide = static_cast<int16_t>(value);
    std::memcpy(static_cast<std::byte*>(out) + 2 * i, &wide, 2);
  } else {
    static_cast<uint8_t*>(out)[i] = static_cast<uint8_t>(value);
  }
}

Status check(const void* x, int64_t n, const void* out, float scale, int32_t zero_point,
             ElementType type) {
  const Limits limits = limits_of(type);
  if (n < 0) return invalid_argument("quantize: n: found ", n, ", expected 0 or more");
  if (n > 0 && (x == nullptr || out == nullptr))
    return invalid_argument("quantize: found a null pointer for ", n, " elements");
  if (!(std::isfinite(scale) && scale > 0)) {
    return invalid_argument("quantize: scale: found ", scale, ", expected a finite number above 0");
  }
  if (zero_point < limits.low || zero_point > limits.high) {
    return invalid_argument("quantize: zero_point: found ", zero_point, ", expected ", limits.low,
                            " to ", limits.high);
  }
  return {};
}

}  // namespace

Status quantize(const float* x, int64_t n, ElementType type, const Quantization& how, void* out) {
  if (!is_target(type)) {
    return unsupported("quantize: type: found ", element_type_name(type),
                       ", expected s8, u8 or s16");
  }
  CRIA_RETURN_IF_ERROR(check(x, n, out, how.scale, how.zero_point, type));
  for (int64_t i = 0; i < n; ++i) {
    store_int(out, i, type, gemm::quantized(x[i] / how.scale, 1, how.zero_point, type));
  }
  return {};
}

Quantization quantization_for(const float* x, int64_t n, ElementType type, bool symmetric) {
  float least = 0, most = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!std::isfinite(x[i])) continue;
    least = std::min(least, x[i]);
    most = std::max(most, x[i]);
  }
  const Limits limits = limits_of(type);
  Quantization how;
  if (symmetric) {
    how.zero_point = type == ElementType::u8 ? 128 : 0;
    how.scale = std::max(-least, most) / static_cast<float>(limits.high - how.zero_point);
  } else {
    how.scale = most / static_cast<float>(limits.high - limits.low) -
                least / static_cast<float>(limits.high - limits.low);
    const float zero = static_cast<float>(limits.low) - least / how.scale;
    how.zero_point = how.scale > 0 ? std::clamp(static_cast<int32_t>(std::nearbyint(zero)),
                                                limits.low, limits.high)
                                   : 0;
  }
  if (!(how.scale > 0)) how = {.scale = 1, .zero_point = symmetric ? how.zero_point : 0};
  return how;
}

Status dequantize(ElementType type, const void* x, int64_t n, float* out) {
  const auto dtype = api::dtype_of(type);
  if (!dtype) {
    return unsupported("dequantize: type: found ", element_type_name(type),
                       ", expected f32, f16, bf16 or a block type");
  }
  const int64_t block = dtype_info(*dtype).block_elems;
  if (n < 0 || n % block != 0) {
    return invalid_argument("dequantize: n: found ", n, ", expected a multiple of ", block);
  }
  if (n > 0 && (x == nullptr || out == nullptr)) {
    return invalid_argument("dequantize: found a null pointer for ", n, " elements");
  }
  dequantize_row(*dtype, static_cast<const std::byte*>(x), n, out);
  return {};
}

Status requantize(const void* x, ElementType from, int64_t n, float scale, int32_t zero_point,
                  ElementType to, void* out) {
  const bool from_s32 =
      from == ElementType::s32 && (to == ElementType::s8 || to == ElementType::u8);
  if (!from_s32 && !(from == ElementType::s16 && to == ElementType::s8)) {
    return unsupported("requantize: found ", element_type_name(from), " to ", element_type_name(to),
                       ", expected s32 to s8 or u8, or s16 to s8");
  }
  CRIA_RETURN_IF_ERROR(check(x, n, out, scale, zero_point, to));
  for (int64_t i = 0; i < n; ++i) {
    int32_t wide = 0;
    int16_t narrow = 0;
    if (from_s32) {
      std::memcpy(&wide, static_cast<const std::byte*>(x) + 4 * i, 4);
    } else {
      std::memcpy(&narrow, static_cast<const std::byte*>(x) + 2 * i, 2);
      wide = narrow;
    }
    store_int(out, i, to, gemm::quantized(static_cast<float>(wide), scale, zero_point, to));
  }
  return {};
}

}  // namespace cria
