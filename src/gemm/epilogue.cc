#include "gemm/epilogue.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/mathf.h"
#include "tensor/half.h"

namespace cria::gemm {
namespace {

struct Limits {
  int32_t low, high;
};
Limits limits_of(ElementType type) {
  if (type == ElementType::u8) return {0, 255};
  if (type == ElementType::s16) return {-32768, 32767};
  return {-128, 127};
}

float activate(Activation activation, float x) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return x > 0 ? x : 0;
    case Activation::relu6:
      return std::min(std::max(x, 0.0f), 6.0f);
    case Activation::gelu_tanh: {
      // 0.5 x (1 + tanh(y)) = x / (1 + exp(-2 y)).  Source: Hendrycks and Gimpel 2016
      const float y = 0.7978845608f * (x + 0.044715f * x * x * x);
      return x / (1 + exp_f32(-2 * y));
    }
    case Activation::silu:
      return x / (1 + exp_f32(-x));
  }
  return x;
}

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <typename T>
void store(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

float read_float(ElementType type, const std::byte* at) {
  if (type == ElementType::f16) return f16_to_f32(load<uint16_t>(at));
  if (type == ElementType::bf16) return bf16_to_f32(load<uint16_t>(at));
  return load<float>(at);
}

// A value of C as its type has it.
void write(const Epilogue& e, std::byte* at, float value) {
  switch (e.c_type) {
    case ElementType::f32:
      return store(at, value);
    case ElementType::f16:
      return store(at, f32_to_f16(value));
    case ElementType::bf16:
      return store(at, f32_to_bf16(value));
    case ElementType::s16:
      return store(at, static_cast<int16_t>(quantized(value, 1, e.zero_point, e.c_type)));
    default:
      return store(at, static_cast<uint8_t>(quantized(value, 1, e.zero_point, e.c_type)));
  }
}

float float_result(const Epilogue& e, float sum, int64_t n, const std::byte* at) {
  float value = e.alpha * sum;
  if (e.bias != nullptr) value += e.bias[n];
  if (e.beta != 0) value += e.beta * read_float(e.c_type, at);
  value = activate(e.activation, value);
  const bool to_ints = e.c_type >= ElementType::s8;
  return to_ints ? value / e.scale : value;
}

void finish_float(const Epilogue& e, const float* sums, int64_t n, std::byte* at) {
  write(e, at, float_result(e, *sums, n, at));
}

void finish_int(const Epilogue& e, const int32_t* sums, int64_t n, std::byte* at) {
  auto sum = static_cast<uint32_t>(*sums);
  if (e.bias_s32 != nullptr) sum += static_cast<uint32_t>(e.bias_s32[n]);
  if (e.c_type == ElementType::s32) {
    if (e.accumulate) sum += load<uint32_t>(at);
    return store(at, sum);
  }
  const float scale = e.scales != nullptr ? e.scales[n] : e.scale;
  float value = static_cast<float>(static_cast<int32_t>(sum)) * scale;
  if (e.c_type <= ElementType::bf16) {
    if (e.bias != nullptr) value += e.bias[n];
    value = activate(e.activation, value);
  }
  write(e, at, value);
}

}  // namespace

bool Epilogue::sums_in_c() const {
  return c_type == sum_type && (!adds() ? beta == 0 : !has_rest());
}

bool Epilogue::has_rest() const {
  return bias != nullptr || bias_s32 != nullptr || activation != Activation::none || alpha != 1;
}

int64_t element_bytes(ElementType type) {
  switch (type) {
    case ElementType::f32:
    case ElementType::s32:
      return 4;
    case ElementType::f16:
    case ElementType::bf16:
    case ElementType::s16:
      return 2;
    default:
      return 1;
  }
}

int32_t quantized(float x, float scale, int32_t zero_point, ElementType type) {
  const Limits limits = limits_of(type);
  if (std::isnan(x)) return zero_point;
  // Beyond these bounds every value saturates; clamping first keeps the conversion defined.
  const float scaled = std::min(std::max(x * scale, -1e6f), 1e6f);
  return std::clamp(static_cast<int32_t>(std::nearbyint(scaled)) + zero_point, limits.low,
                    limits.high);
}

void finish(const Epilogue& e, const void* sums, int64_t sums_stride, int64_t row, int64_t column,
            int64_t n_rows, int64_t n_cols) {
  const int64_t bytes = element_bytes(e.c_type);
  for (int64_t r = 0; r < n_rows; ++r) {
    std::byte* at = e.c + ((row + r) * e.c_stride + column) * bytes;
    for (int64_t n = 0; n < n_cols; ++n, at += bytes) {
      const int64_t i = r * sums_stride + n;
      if (e.sum_type == ElementType::s32) {
        finish_int(e, static_cast<const int32_t*>(sums) + i, column + n, at);
      } else {
        finish_float(e, static_cast<const float*>(sums) + i, column + n, at);
      }
    }
  }
}

}  // namespace cria::gemm
