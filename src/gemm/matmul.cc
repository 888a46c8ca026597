#include "gemm/matmul.h"

#include <algorithm>
#include <array>

#include "gemm/packed_product.h"

namespace cria::gemm {
namespace {

// Of weights that are multiplied as they stand: rows that a thread claims at once.
constexpr int64_t kPanelRows = 16;

int64_t q8a_row_bytes(int64_t n_cols) {
  return n_cols / 32 * static_cast<int64_t>(sizeof(BlockQ8A));
}

// Room for the groups of a kernel, whatever the blocks of k: a row of each ends at a multiple of 64
// bytes. Only floats are cut along k (policy.cc), into blocks of at least 64.
int64_t groups_bytes(const kernels::PackedKernel& kernel, int64_t n_tokens, int64_t n_cols) {
  if (kernel.group_rows == 0) return 0;
  const int64_t n_k = (n_cols + kernel.k_unit - 1) / kernel.k_unit * kernel.k_unit;
  const int64_t n_blocks = kernel.form == kernels::LhsForm::q8a ? 1 : n_cols / 32 + 1;
  return n_tokens * (grouped_row_bytes(kernel, n_k) + 64 * n_blocks);
}

void add_bias(const kernels::MatmulGroupedArgs& args, const float* bias) {
  for (int64_t t = 0; t < args.n_tokens; ++t) {
    float* out = args.out + t * args.out_stride;
    for (int64_t r = 0; r < args.n_rows; ++r) out[r] += bias[r];
  }
}

void multiply_as_it_stands(const Compute& compute, const TensorView& w, MatmulInput& x,
                           const float* bias, float* out, int64_t out_stride) {
  const MatmulInput::Rows rows = x.rows_for(compute, w);
  const kernels::MatmulGroupedFn kernel = compute.kernels.matmul_grouped;
  const auto row_bytes = static_cast<int64_t>(w.row_bytes());
  const auto run_rows = [&](int64_t begin, int64_t end, int) {
    const kernels::MatmulGroupedArgs args = {.w = w.data + begin * row_bytes,
                                             .w_row_bytes = row_bytes,
                                             .n_rows = end - begin,
                                             .n_cols = w.n_cols(),
                                             .x = rows.data,
                                             .x_row_bytes = rows.row_bytes,
                                             .n_tokens = x.n_tokens(),
                                             .out = out + begin,
                                             .out_stride = out_stride,
                                             .scales = w.scales,
                                             .group_size = w.group_size,
                                             .first_row = begin};
    kernel(args);
    if (bias != nullptr) add_bias(args, bias + begin);
  };
  if (w.n_rows() * w.n_cols() * x.n_tokens() < kMinParallelWork) {
    return run_rows(0, w.n_rows(), 0);
  }
  compute.pool.for_each(w.n_rows(), kPanelRows, run_rows);
}

}  // namespace

uint64_t MatmulInput::scratch_bytes(const kernels::Table& kernels, int64_t n_tokens,
                                    const TensorView& w) {
  const int64_t n_cols = w.n_cols();
  const kernels::PackedKernel* kernel = packed_kernel(kernels, w.dtype);
  int64_t bytes = 0;
  if (kernel == nullptr) {
    bytes = n_tokens * kernels::grouped_row_bytes(n_cols, w.group_size);
  } else if (kernel->form == kernels::LhsForm::q8a || kernel->group_rows > 0) {
    bytes = whole_lines(n_tokens * q8a_row_bytes(n_cols)) + groups_bytes(*kernel, n_tokens, n_cols);
  }
  return static_cast<uint64_t>(whole_lines(bytes));
}

void MatmulInput::set(const float* x, int64_t n_tokens, int64_t n_cols) {
  x_ = x;
  n_tokens_ = n_tokens;
  n_cols_ = n_cols;
  held_ = Kind::none;
  held_groups_ = nullptr;
}

void MatmulInput::quantize(const Compute& compute, Kind kind, int64_t group_size,
                           int64_t row_bytes) {
  if (held_ == kind && held_group_size_ == group_size) return;
  compute.pool.for_each(n_tokens_, 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      const float* row = x_ + t * n_cols_;
      std::byte* out = scratch_.data() + t * row_bytes;
      if (kind == Kind::grouped_i8) {
        compute.kernels.quantize_grouped(row, n_cols_, group_size, out);
      } else {
        compute.kernels.quantize_q8a(row, n_cols_, reinterpret_cast<BlockQ8A*>(out));
      }
    }
  });
  held_ = kind;
  held_group_size_ = group_size;
  held_groups_ = nullptr;
}

MatmulInput::Rows MatmulInput::rows_for(const Compute& compute, const TensorView& w) {
  const int64_t row_bytes = kernels::grouped_row_bytes(n_cols_, w.group_size);
  quantize(compute, Kind::grouped_i8, w.group_size, row_bytes);
  return {scratch_.data(), row_bytes};
}

Lhs MatmulInput::lhs_for(const Compute& compute, const PackedWeights& w, const Plan& plan) {
  Lhs lhs;
  if (w.kernel->form == kernels::LhsForm::q8a) {
    quantize(compute, Kind::q8a, 0, q8a_row_bytes(n_cols_));
    lhs.data = scratch_.data();
    lhs.row_bytes = q8a_row_bytes(n_cols_);
  } else {
    lhs.data = reinterpret_cast<const std::byte*>(x_);
    lhs.row_bytes = n_cols_ * 4;
    lhs.step_bytes = 4;
  }
  if (plan.grouped) interleave(compute, *w.kernel, plan, lhs);
  return lhs;
}

void MatmulInput::interleave(const Compute& compute, const kernels::PackedKernel& kernel,
                             const Plan& plan, Lhs& lhs) {
  lhs.groups = scratch_.data() + whole_lines(n_tokens_ * q8a_row_bytes(n_cols_));
  lhs.n_rows = n_tokens_;
  if (held_groups_ == &kernel && held_k_block_ == plan.k_block) return;
  make_groups(compute, kernel, plan, n_cols_, lhs);
  held_groups_ = &kernel;
  held_k_block_ = plan.k_block;
}

namespace {

// The sums are made in out: no scratch.
PlannedProduct planned(const Compute& compute, const Factor& factor, MatmulInput& x) {
  const PackedWeights& packed = *factor.packed;
  PlannedProduct planned;
  PackedProduct& product = planned.product;
  product.kernel = packed.kernel;
  product.type = packed.type;
  product.shape = {.m = x.n_tokens(),
                   .n = packed.n_rows,
                   .k = packed.n_cols,
                   .n_threads = compute.pool.n_threads()};
  product.panels = packed.panels;
  product.out = {.c = reinterpret_cast<std::byte*>(factor.out),
                 .c_stride = factor.out_stride,
                 .bias = factor.bias};
  planned.plan = plan_product(*packed.kernel, packed.type, product.shape);
  product.a = x.lhs_for(compute, packed, planned.plan);
  return planned;
}

}  // namespace

void matmul(const Compute& compute, std::span<const Factor> factors, MatmulInput& x) {
  constexpr size_t kMost = 4;
  std::array<PlannedProduct, kMost> together;
  while (!factors.empty()) {
    const Factor& first = factors.front();
    if (first.packed->kernel == nullptr) {
      multiply_as_it_stands(compute, *first.w, x, first.bias, first.out, first.out_stride);
      factors = factors.subspan(1);
      continue;
    }
    // What one kernel reads of the input is of no use to another.
    size_t n = 0;
    for (; n < std::min(kMost, factors.size()); ++n) {
      if (factors[n].packed->kernel != first.packed->kernel) break;
      together[n] = planned(compute, factors[n], x);
    }
    run_together(std::span(together).first(n), compute.pool);
    factors = factors.subspan(n);
  }
}

}  // namespace cria::gemm
