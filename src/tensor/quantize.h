// fp32 to the element types of model files.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace cria {

// The largest magnitude that every type but f32 and bf16 is sure to hold: scales are fp16.
inline constexpr float kLargestQuantizable = 65504.0f;

// True for the computable types that a GGUF file may hold.
bool can_quantize_to(DType dtype);

// Writes x as a row of dtype, with scales that make the square error small:
//   sum over i of importance[i] * (x[i] - stored[i])^2
// Shapes    x, importance [n]; out: row_bytes(dtype, n) bytes, any alignment
// Units     importance: any scale, the same all along the row; null: all elements count the same
// Requires  can_quantize_to(dtype); n a multiple of the block; x finite; 0 <= importance, finite
// Accuracy  on random rows the square error is at most this much above the least that any scales
//           give: 2 % with 4 bits and fewer (6 % where 256-blocks round the scales themselves), 5 %
//           with 5, 16 % with 6 and 8, where the error is small; multiples of a scale that the type
//           can hold and that use its whole range are exact
// Range     magnitudes beyond kLargestQuantizable become that, except in f32 and bf16: nothing
//           stored is ever infinite
// Threads   safe to call at once on disjoint out; the same bytes on every machine
void quantize_row(DType dtype, const float* x, int64_t n, const float* importance, std::byte* out);

}  // namespace cria
