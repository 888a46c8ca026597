// Products with weights that were packed beforehand: what a kernel set packs, and its tiles.
//
//   C[m, n] = sum over k of A[m, k] * B[k, n]
//
// B is packed once into panels of `width` columns, in the order in which the tiles stream it. A
// tile computes a few rows of C by a few panels. Which tile runs for which shape is src/gemm's
// business.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cria::kernels {

// What B holds, and with it what A and C are:
//   f32, f16, bf16   A fp32, C fp32
//   s8, u8           A of the same type, C int32
//   block types      A fp32 quantised to BlockQ8A, C fp32
enum class PackedType : uint8_t {
  f32,
  f16,
  bf16,
  s8,
  u8,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
};
inline constexpr int kNumPackedTypes = 15;

// How a tile reads A.
enum class LhsForm : uint8_t {
  rows,       // elements where they stand: fp32 with any steps, int8 and uint8 with step 1
  wide_rows,  // int8 or uint8 widened to int16, a row after the other
  q8a,        // BlockQ8A, a row after the other
};

// One panel to pack: at most `width` columns of B.
// Layout    element (k, n) of f32, f16, bf16, s8 and u8 at b + k * k_stride + n * n_stride; block
//           types: column n's blocks, ascending in k, at b + n * n_stride (k_stride unused)
// Units     strides in bytes
struct PackArgs {
  const std::byte* b;
  int64_t k_stride;
  int64_t n_stride;
  int64_t n_k;     // rows of B, all of them
  int64_t n_cols;  // columns in this panel, 1 to width
  std::byte* out;  // panel_bytes(n_k); every byte is written
};

// A group of rows of A to be made ready for the tiles that say so: interleaved, and with what they
// need of it computed once.
// Shapes    A [n_rows, n_k] in the kernel's form
// Units     a_row_bytes and a_step_bytes as in TileArgs
// Requires  n_rows from 1 to group_rows; out overlaps not A
struct GroupArgs {
  const std::byte* a;  // the group's first row, at the first k of the tiles that will read it
  int64_t a_row_bytes;
  int64_t a_step_bytes;
  int64_t n_rows;
  int64_t n_k;
  std::byte* out;  // the rows' share of group_bytes(n_k), aligned to 16
};

// A tile's product over rows first_k to first_k + n_k - 1 of B.
// Shapes    A [n_rows, n_k]; C [n_rows, n_cols], rows c_stride elements apart
// Units     a_row_bytes and a_step_bytes: between rows and between neighbours along k
// Requires  n_rows within the tile's range; first_k and, but for the last part of B, n_k multiples
//           of the kernel's k_unit; C overlaps nothing else; A and C aligned to their elements;
//           a_step_bytes the element's size where the kernel says unit_step
struct TileArgs {
  const std::byte* a;  // row 0 at first_k; for a grouped tile the group of these rows and k
  int64_t a_row_bytes;
  int64_t a_step_bytes;
  const int32_t* a_sums;  // where the kernel wants them: the sum of these n_k elements of each row
  const std::byte* b;     // the first panel
  int64_t panel_bytes;    // distance between panels
  int64_t first_k;
  int64_t n_k;
  int64_t n_rows;
  int64_t
      n_cols;  // columns of C that exist: more than width * (panels - 1), at most width * panels
  void* c;
  int64_t c_stride;
  bool add;  // C += the product, else C = the product
  // What will be streamed after this, for tiles that fetch it meanwhile: next_step bytes with each
  // k_unit of k. Null: nothing.
  const std::byte* next = nullptr;
  int64_t next_step = 0;
};
using TileFn = void (*)(const TileArgs& args);

struct Tile {
  int8_t min_rows;
  int8_t max_rows;
  int8_t panels;         // side by side in one call
  bool grouped = false;  // A is a group (PackedKernel::group) of just n_rows rows
  TileFn run;
};

// One packed layout and what computes with it: a row of a kernel set. Packing and reading are one
// row, so that they cannot disagree.
// Order     of one element of C: ascending in k, in steps that depend on k alone, from zero or from
//           what C holds; so neither tiles nor threads change a bit, nor do parts of B added one
//           after the other
// Accuracy  integers exact (C wraps beyond int32 where |A * B| sums do); f32, f16, bf16: error
//           <= (1e-7 + 3e-8 * sqrt(k) + rounding) * sum |a * b|; block types: 1e-5 * sum |w * x|
//           over the quantised x
// Threads   safe to call at once on disjoint C
struct PackedKernel {
  const char* isa = nullptr;     // "avx2"
  const char* layout = nullptr;  // for people: "[k][16] fp32"
  int width = 0;                 // columns of a panel
  int k_unit = 1;                // see TileArgs
  LhsForm form = LhsForm::rows;
  bool unit_step = false;  // of fp32 rows, too
  bool wants_a_sums = false;
  // A panel's part of k that stays near while several passes of rows go over it: in the first-level
  // cache, or in the second where tiles fetch ahead. Shorter parts load and store C more often.
  int block_bytes = 32 << 10;
  float rounding = 0;  // see Accuracy: not 0 where fp32 is rounded to a narrower type on the way
  int64_t (*panel_bytes)(int64_t n_k) = nullptr;
  void (*pack)(const PackArgs& args) = nullptr;
  // Ascending in rows, then panels. One takes a single row and a single panel; of the others, rows
  // that lie between two ranges take the lower one first (7 rows: 4 and 3).
  const Tile* tiles = nullptr;
  int n_tiles = 0;
  // For tiles that read A made ready: up to group_rows rows at once, made once for all of B.
  // group_bytes is that of group_rows rows; fewer take no more than their share of it.
  int group_rows = 0;
  int64_t (*group_bytes)(int64_t n_k) = nullptr;
  void (*group)(const GroupArgs& args) = nullptr;
};

}  // namespace cria::kernels
