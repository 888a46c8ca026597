// fp16 and bf16 bit patterns to and from fp32, exact, without hardware support.
#pragma once

#include <cstdint>
#include <cstring>

namespace cria {

inline float bits_to_f32(uint32_t bits) {
  float out;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}
inline uint32_t f32_to_bits(float value) {
  uint32_t out;
  std::memcpy(&out, &value, sizeof out);
  return out;
}

// Source: IEEE 754 binary16. Subnormals, infinities and NaN are kept.
float f16_to_f32(uint16_t half);
// Rounds to nearest, ties to even; overflow gives infinity; NaN stays NaN.
uint16_t f32_to_f16(float value);

inline float bf16_to_f32(uint16_t brain) { return bits_to_f32(static_cast<uint32_t>(brain) << 16); }
// Rounds to nearest, ties to even; NaN stays NaN.
uint16_t f32_to_bf16(float value);

}  // namespace cria
