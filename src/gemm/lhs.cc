#include "gemm/lhs.h"

#include <algorithm>
#include <cstring>

#include "gemm/epilogue.h"
#include "tensor/half.h"

namespace cria::gemm {
namespace {

using kernels::LhsForm;
using kernels::PackedKernel;

bool is_int(ElementType type) { return type == ElementType::s8 || type == ElementType::u8; }

// Byte distances in a view of plain elements.
struct Steps {
  int64_t row, column;
};
Steps steps_of(const ConstMatrixView& a) {
  const int64_t bytes = element_bytes(a.type);
  const bool rows = a.order == Order::row_major;
  const int64_t stride = (a.stride != 0 ? a.stride : rows ? a.n_cols : a.n_rows) * bytes;
  return rows ? Steps{stride, bytes} : Steps{bytes, stride};
}

bool in_place(const PackedKernel& kernel, const ConstMatrixView& a) {
  if (kernel.form != LhsForm::rows) return false;
  if (is_int(a.type)) return steps_of(a).column == 1;
  return a.type == ElementType::f32 && (!kernel.unit_step || steps_of(a).column == 4);
}

int64_t made_row_bytes(const PackedKernel& kernel, const ConstMatrixView& a) {
  if (kernel.form == LhsForm::q8a) return a.n_cols / 32 * static_cast<int64_t>(sizeof(BlockQ8A));
  if (kernel.form == LhsForm::wide_rows) return a.n_cols * 2;
  return a.n_cols * (is_int(a.type) ? 1 : 4);
}

const std::byte* element_at(const ConstMatrixView& a, const Steps& steps, int64_t r, int64_t c) {
  return static_cast<const std::byte*>(a.data) + r * steps.row + c * steps.column;
}

// n_k elements of a row as fp32.
void read_floats(const ConstMatrixView& a, int64_t row, float* out) {
  const Steps steps = steps_of(a);
  for (int64_t k = 0; k < a.n_cols; ++k) {
    const std::byte* at = element_at(a, steps, row, k);
    uint16_t half = 0;
    if (a.type == ElementType::f32) {
      std::memcpy(out + k, at, 4);
    } else {
      std::memcpy(&half, at, 2);
      out[k] = a.type == ElementType::f16 ? f16_to_f32(half) : bf16_to_f32(half);
    }
  }
}

int32_t read_int(const ConstMatrixView& a, const std::byte* at) {
  return a.type == ElementType::s8 ? static_cast<int8_t>(*at) : static_cast<uint8_t>(*at);
}

void make_int_row(const PackedKernel& kernel, const ConstMatrixView& a, int64_t row,
                  std::byte* out) {
  const Steps steps = steps_of(a);
  for (int64_t k = 0; k < a.n_cols; ++k) {
    const std::byte* at = element_at(a, steps, row, k);
    if (kernel.form == LhsForm::wide_rows) {
      const auto wide = static_cast<int16_t>(read_int(a, at));
      std::memcpy(out + 2 * k, &wide, 2);
    } else {
      out[k] = *at;
    }
  }
}

// A row of A quantised. An fp32 row that stands together is read where it is; else it is gathered
// in pieces, because the kernels take blocks of 32 one by one.
void make_q8a_row(const Compute& compute, const ConstMatrixView& a, int64_t row, std::byte* out) {
  auto* blocks = reinterpret_cast<BlockQ8A*>(out);
  const Steps steps = steps_of(a);
  if (a.type == ElementType::f32 && steps.column == 4) {
    const auto* x = reinterpret_cast<const float*>(element_at(a, steps, row, 0));
    return compute.kernels.quantize_q8a(x, a.n_cols, blocks);
  }
  float piece[256];
  for (int64_t k = 0; k < a.n_cols; k += 256) {
    const int64_t n = a.n_cols - k < 256 ? a.n_cols - k : 256;
    ConstMatrixView part = a;
    part.data = element_at(a, steps, row, k);
    part.stride = steps.column == element_bytes(a.type) ? steps.row / element_bytes(a.type)
                                                        : steps.column / element_bytes(a.type);
    part.n_rows = 1;
    part.n_cols = n;
    read_floats(part, 0, piece);
    compute.kernels.quantize_q8a(piece, n, blocks + k / 32);
  }
}

void make_row(const Compute& compute, const PackedKernel& kernel, const ConstMatrixView& a,
              int64_t row, std::byte* out) {
  if (kernel.form == LhsForm::q8a) return make_q8a_row(compute, a, row, out);
  if (is_int(a.type)) return make_int_row(kernel, a, row, out);
  read_floats(a, row, reinterpret_cast<float*>(out));
}

// A loop that a compiler can vectorise.
template <typename Int>
uint32_t sum_of(const Int* x, int64_t n) {
  uint32_t sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<uint32_t>(static_cast<int32_t>(x[i]));
  return sum;
}

int32_t sum_of_row(const ConstMatrixView& a, int64_t row) {
  const Steps steps = steps_of(a);
  uint32_t sum = 0;
  if (steps.column == 1) {
    const std::byte* x = element_at(a, steps, row, 0);
    return static_cast<int32_t>(a.type == ElementType::s8
                                    ? sum_of(reinterpret_cast<const int8_t*>(x), a.n_cols)
                                    : sum_of(reinterpret_cast<const uint8_t*>(x), a.n_cols));
  }
  for (int64_t k = 0; k < a.n_cols; ++k) {
    sum += static_cast<uint32_t>(read_int(a, element_at(a, steps, row, k)));
  }
  return static_cast<int32_t>(sum);
}

int64_t rows_bytes(const PackedKernel& kernel, const ConstMatrixView& a) {
  return in_place(kernel, a) ? 0 : a.n_rows * whole_lines(made_row_bytes(kernel, a));
}

int64_t sums_bytes(const PackedKernel& kernel, const ConstMatrixView& a) {
  return kernel.wants_a_sums ? whole_lines(a.n_rows * 4) : 0;
}

// Of the groups of all blocks of k.
int64_t groups_bytes(const PackedKernel& kernel, const ConstMatrixView& a, const Plan& plan) {
  if (!plan.grouped) return 0;
  const int64_t n_whole = a.n_cols / plan.k_block, rest = a.n_cols % plan.k_block;
  const int64_t of_rest = rest > 0 ? grouped_row_bytes(kernel, rest) : 0;
  return a.n_rows * (n_whole * grouped_row_bytes(kernel, plan.k_block) + of_rest);
}

// The rows of a pass, cut as the tiles will take them.
void make_groups_of_pass(const PackedKernel& kernel, const Plan& plan, int64_t first_row, int64_t k,
                         int64_t n_k, const Lhs& lhs) {
  const int64_t end = std::min(lhs.n_rows, first_row + plan.rows_per_pass);
  for (int64_t row = first_row; row < end;) {
    const int64_t n_rows = rows_of_tile(kernel, plan, lhs.n_rows, row);
    if (tile_for(kernel, n_rows, 1).grouped) {
      kernel.group({.a = lhs.at(row, k),
                    .a_row_bytes = lhs.row_bytes,
                    .a_step_bytes = lhs.step_bytes,
                    .n_rows = n_rows,
                    .n_k = n_k,
                    .out = const_cast<std::byte*>(group_at(lhs, kernel, plan, row, k, n_k))});
    }
    row += n_rows;
  }
}

}  // namespace

int64_t grouped_row_bytes(const PackedKernel& kernel, int64_t n_k) {
  return whole_lines((kernel.group_bytes(n_k) + kernel.group_rows - 1) / kernel.group_rows);
}

const std::byte* group_at(const Lhs& lhs, const PackedKernel& kernel, const Plan& plan, int64_t row,
                          int64_t k, int64_t n_k) {
  const int64_t blocks_before = k / plan.k_block;
  return lhs.groups + blocks_before * lhs.n_rows * grouped_row_bytes(kernel, plan.k_block) +
         row * grouped_row_bytes(kernel, n_k);
}

void make_groups(const Compute& compute, const PackedKernel& kernel, const Plan& plan,
                 int64_t n_cols, const Lhs& lhs) {
  const int64_t n_passes = (lhs.n_rows + plan.rows_per_pass - 1) / plan.rows_per_pass;
  compute.pool.for_each(n_passes, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t k = 0; k < n_cols; k += plan.k_block) {
      const int64_t n_k = std::min(plan.k_block, n_cols - k);
      for (int64_t pass = begin; pass < end; ++pass) {
        make_groups_of_pass(kernel, plan, pass * plan.rows_per_pass, k, n_k, lhs);
      }
    }
  });
}

int64_t lhs_scratch_bytes(const PackedKernel& kernel, const ConstMatrixView& a, const Plan& plan) {
  return sums_bytes(kernel, a) + rows_bytes(kernel, a) + groups_bytes(kernel, a, plan);
}

Lhs make_lhs(const Compute& compute, const PackedKernel& kernel, const ConstMatrixView& a,
             const Plan& plan, std::byte* scratch) {
  Lhs lhs;
  const bool direct = in_place(kernel, a);
  auto* sums = reinterpret_cast<int32_t*>(scratch);
  std::byte* rows = scratch + sums_bytes(kernel, a);
  const Steps steps = steps_of(a);
  lhs.data = direct ? static_cast<const std::byte*>(a.data) : rows;
  lhs.row_bytes = direct ? steps.row : whole_lines(made_row_bytes(kernel, a));
  lhs.step_bytes = direct                              ? steps.column
                   : kernel.form == LhsForm::q8a       ? 0
                   : kernel.form == LhsForm::wide_rows ? 2
                   : is_int(a.type)                    ? 1
                                                       : 4;
  lhs.sums = kernel.wants_a_sums ? sums : nullptr;
  if (!direct || kernel.wants_a_sums) {
    compute.pool.for_each(a.n_rows, 4, [&](int64_t begin, int64_t end, int) {
      for (int64_t r = begin; r < end; ++r) {
        if (!direct) make_row(compute, kernel, a, r, rows + r * lhs.row_bytes);
        if (kernel.wants_a_sums) sums[r] = sum_of_row(a, r);
      }
    });
  }
  if (!plan.grouped) return lhs;
  lhs.groups = rows + rows_bytes(kernel, a);
  lhs.n_rows = a.n_rows;
  make_groups(compute, kernel, plan, a.n_cols, lhs);
  return lhs;
}

}  // namespace cria::gemm
