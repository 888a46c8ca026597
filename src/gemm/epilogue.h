// What happens to a block of sums on its way into C.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cria/gemm.h"

namespace cria::gemm {

// The caller's wishes (cria/gemm.h says what they mean) and where C is.
struct Epilogue {
  ElementType sum_type = ElementType::f32;  // f32 or s32
  ElementType c_type = ElementType::f32;
  std::byte* c = nullptr;
  int64_t c_stride = 0;  // elements
  float alpha = 1;
  float beta = 0;
  bool accumulate = false;
  const float* bias = nullptr;
  const int32_t* bias_s32 = nullptr;
  Activation activation = Activation::none;
  const float* scales = nullptr;
  float scale = 1;
  int32_t zero_point = 0;

  // The tiles may write their sums to C itself, or add them to what it holds.
  bool sums_in_c() const;
  bool adds() const { return sum_type == ElementType::s32 ? accumulate : beta == 1; }
  // Something is left to do once the sums are in C.
  bool has_rest() const;
};

int64_t element_bytes(ElementType type);  // of the types that C may have

// C[row, column ...] from n_rows x n_cols sums, sums_stride elements apart. The sums may be C
// itself where sums_in_c() and not adds().
void finish(const Epilogue& epilogue, const void* sums, int64_t sums_stride, int64_t row,
            int64_t column, int64_t n_rows, int64_t n_cols);

// round(x * scale) + zero_point to nearest, ties to even, within the integer type; NaN: zero_point.
int32_t quantized(float x, float scale, int32_t zero_point, ElementType type);

}  // namespace cria::gemm
