// The parts of verify(), one function a kind of slot. Each returns "" where the kernel agrees with
// the definition, else the first difference in words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace cria::kernels {

std::string verify_packed(const PackedKernel& kernel, PackedType type);
std::string verify_grouped(MatmulGroupedFn kernel);
std::string verify_quantize_q8a(QuantizeQ8aFn kernel);
std::string verify_quantize_grouped(QuantizeGroupedFn kernel);
std::string verify_rms_norm(RmsNormFn kernel);
std::string verify_swiglu(SwigluFn kernel);
std::string verify_attend(AttendFn kernel);
std::string verify_store_f16(StoreF16Fn kernel);

// The numbers that they are tried with: xorshift (Marsaglia 2003), the same on every machine.
class VerifyRandom {
 public:
  explicit VerifyRandom(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  uint32_t bits();
  float uniform(float range);  // in [-range, range]
  std::vector<float> uniforms(int64_t n, float range);

 private:
  uint64_t state_;
};

// "row 3, column 5 of 47: found 1.5, expected 1.25".
std::string differs(const char* what, int64_t at, double found, double expected);

}  // namespace cria::kernels
