// The table of kernels: what each slot computes. A kernel is a pure function on raw pointers: no
// allocation, threads, errors, logging or globals.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/packed.h"
#include "tensor/blocks.h"
#include "tensor/dtype.h"

namespace cria::kernels {

// Products with int8 weights in groups, which are multiplied as they stand:
// out[t, r] = sum over c of w[r, c] * x[t, c]. All other products: packed.h.
// Shapes    w [n_rows, n_cols] int8, rows w_row_bytes apart; out rows out_stride floats apart;
//           x [n_tokens, n_cols], rows x_row_bytes apart, as quantize_grouped makes them
// Requires  w any alignment; x and out aligned to 4 bytes; out overlaps neither input
// Order     the order in which one (r, t) is accumulated depends on n_cols alone: not on n_rows,
//           n_tokens, r or t. So chunks, batches and threads never change a bit.
// Accuracy  |error| <= 1e-5 * sum |w * x| against the scalar table
// Threads   safe to call at once on disjoint out
struct MatmulGroupedArgs {
  const std::byte* w;  // at row first_row
  int64_t w_row_bytes;
  int64_t n_rows;
  int64_t n_cols;
  const std::byte* x;
  int64_t x_row_bytes;
  int64_t n_tokens;
  float* out;
  int64_t out_stride;
  const std::byte* scales;  // the tensor's first one (TensorView)
  int64_t group_size;
  int64_t first_row;
};
using MatmulGroupedFn = void (*)(const MatmulGroupedArgs& args);

// out[i] = x[32 i .. 32 i + 31] quantised: d = max |x| / 127, q = x / d rounded to nearest, ties to
// even; all zero where max |x| is below 2^-119 (d would be subnormal). NaN or infinity in a block
// makes d NaN, so that it is not lost, and every q zero.
// Shapes    x [n], n a multiple of 32; out [n / 32]
// Accuracy  the same integers and d on every table
using QuantizeQ8aFn = void (*)(const float* x, int64_t n, BlockQ8A* out);

// x in groups of group_size (the last one shorter where it does not divide n), as llama2.c's int8
// reference does: scale = max |x| / 127, q = round half away from zero of x / scale. Tiny groups,
// infinity and NaN as above.
// Layout    ceil(n / group_size) fp32 scales, then n int8, in grouped_row_bytes(n, group_size)
using QuantizeGroupedFn = void (*)(const float* x, int64_t n, int64_t group_size, std::byte* out);
constexpr int64_t grouped_row_bytes(int64_t n, int64_t group_size) {
  return (n + group_size - 1) / group_size * 4 + (n + 3) / 4 * 4;
}

// out[i] = weight[i] * (x[i] / sqrt(mean(x^2) + eps)).  Shapes: x, weight, out [n]; out may be x.
// Accuracy  relative 1e-5 against the scalar table
using RmsNormFn = void (*)(const float* x, const float* weight, int64_t n, float eps, float* out);

// out[i] = silu(gate[i]) * up[i], silu(x) = x / (1 + e^-x).  out may be gate or up.
// Accuracy  relative 1e-5 against the scalar table
using SwigluFn = void (*)(const float* gate, const float* up, int64_t n, float* out);

// Rows of keys or values in pages of kKvPage positions: position p stands at
//   base + pages[p / kKvPage] * page_bytes + p % kKvPage * row_bytes
// Types     f32, f16 (aligned to their elements), q8_0, q4_0 (any alignment)
inline constexpr int64_t kKvPage = 32;
struct KvRows {
  DType type;
  const std::byte* base;
  int64_t page_bytes;
  int64_t row_bytes;
};

// Attention of n_heads query heads of one token to one KV head: streaming softmax over positions
// first, first + 1, ... in ascending order, in blocks of kAttendBlock from first on (Milakov and
// Gimelshein 2018; FlashAttention; pages: Kwon et al. 2023).
//   out[h, :] = sum over p of softmax_p(scale * q[h, :] . k[p, :]) * v[p, :]
// Shapes    q, out [n_heads, head_dim], contiguous, fp32; k, v rows of head_dim elements; pages: at
//           least those of the positions seen
// Requires  n_positions >= 1; head_dim >= 1, for q8_0 and q4_0 a multiple of 32 up to
//           kMaxQuantizedHeadDim
// Order     depends on n_positions, head_dim, the types, and on whether n_heads is below
//           kLeastHeadsTogether: for a model on n_positions alone
// Accuracy  1e-5 of max |v| against the scalar table
struct AttendArgs {
  const float* q;
  int64_t n_heads;
  int64_t head_dim;
  const int32_t* pages;
  KvRows k;
  KvRows v;
  int64_t first;
  int64_t n_positions;
  float scale;
  float* out;
};
inline constexpr int64_t kAttendBlock = 64;
inline constexpr int64_t kLeastHeadsTogether = 4;
inline constexpr int64_t kMaxQuantizedHeadDim = 256;
using AttendFn = void (*)(const AttendArgs& args);

// out[i] = x[i] rounded to f16 (nearest, ties to even; NaN is 0x7e00 with x's sign). Same bits on
// every table.
using StoreF16Fn = void (*)(const float* x, int64_t n, uint16_t* out);

// A loop of nothing but multiply-adds in registers, to measure what the core can do.
struct Peak {
  int64_t multiply_adds = 0;                 // in one round
  float (*run)(int64_t n_rounds) = nullptr;  // the result only keeps the work from being left out
};

// A null slot means "the next table down"; the scalar table has none and is the definition.
struct Table {
  const char* name = nullptr;
  MatmulGroupedFn matmul_grouped = nullptr;
  QuantizeQ8aFn quantize_q8a = nullptr;
  QuantizeGroupedFn quantize_grouped = nullptr;
  RmsNormFn rms_norm = nullptr;
  SwigluFn swiglu = nullptr;
  AttendFn attend = nullptr;
  StoreF16Fn store_f16 = nullptr;
  std::array<const PackedKernel*, kNumPackedTypes> packed = {};  // by PackedType
  const Peak* peak_f32 = nullptr;
  const Peak* peak_int8 = nullptr;    // int8 * int8, as products that are exact use it
  const Peak* peak_blocks = nullptr;  // the products of quantised blocks, whose range is known
};

namespace scalar {
extern const Table kTable;
}
namespace avx2 {
extern const Table kTable;
}
namespace avxvnni {
extern const Table kTable;
}
namespace avx512 {
extern const Table kTable;
}
namespace avx512vnni {
extern const Table kTable;
}
namespace neon {
extern const Table kTable;
}
namespace neon_a53 {
extern const Table kTable;
}
namespace neon_a55 {
extern const Table kTable;
}
namespace dotprod {
extern const Table kTable;
}
namespace dotprod_a55 {
extern const Table kTable;
}
namespace i8mm {
extern const Table kTable;
}

}  // namespace cria::kernels
