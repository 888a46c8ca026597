#include "gemm/matmul.h"

#include <algorithm>

namespace cria::gemm {
namespace {

// Tokens whose quantised activations stay in L2 (64 rows of 2048 columns: 160 KB) while a panel of
// weight rows passes over them.
constexpr int64_t kTokenBlock = 64;
// Rows that a thread claims at once: enough work to hide the claim, few enough to even out slow
// cores.
constexpr int64_t kMinPanelRows = 16;
constexpr int64_t kMaxPanelRows = 64;
// Multiply-adds under which waking another thread costs more than it saves (a few microseconds).
constexpr int64_t kMinParallelWork = 1 << 16;

int64_t q8a_row_bytes(int64_t n_cols) {
  return n_cols / 32 * static_cast<int64_t>(sizeof(BlockQ8A));
}

void add_bias(const kernels::MatmulArgs& args, const float* bias) {
  for (int64_t t = 0; t < args.n_tokens; ++t) {
    float* out = args.out + t * args.out_stride;
    for (int64_t r = 0; r < args.n_rows; ++r) out[r] += bias[r];
  }
}

}  // namespace

uint64_t MatmulInput::scratch_bytes(int64_t n_tokens, int64_t n_cols, int64_t group_size) {
  int64_t bytes = q8a_row_bytes(n_cols + 31);
  if (group_size > 0) bytes = std::max(bytes, kernels::grouped_row_bytes(n_cols, group_size));
  return static_cast<uint64_t>(n_tokens) * static_cast<uint64_t>(bytes);
}

void MatmulInput::set(const float* x, int64_t n_tokens, int64_t n_cols) {
  x_ = x;
  n_tokens_ = n_tokens;
  n_cols_ = n_cols;
  held_ = Kind::none;
}

MatmulInput::Form MatmulInput::form_for(const Compute& compute, const TensorView& w) {
  if (!dtype_info(w.dtype).quantized && w.dtype != DType::grouped_i8) {
    return {reinterpret_cast<const std::byte*>(x_), n_cols_ * static_cast<int64_t>(sizeof(float))};
  }
  const bool grouped = w.dtype == DType::grouped_i8;
  const Kind wanted = grouped ? Kind::grouped : Kind::q8a;
  const int64_t row_bytes =
      grouped ? kernels::grouped_row_bytes(n_cols_, w.group_size) : q8a_row_bytes(n_cols_);
  if (held_ != wanted || (grouped && held_group_size_ != w.group_size)) {
    const auto quantize = [&](int64_t begin, int64_t end, int) {
      for (int64_t t = begin; t < end; ++t) {
        const float* row = x_ + t * n_cols_;
        std::byte* out = scratch_.data() + t * row_bytes;
        if (grouped) {
          compute.kernels.quantize_grouped(row, n_cols_, w.group_size, out);
        } else {
          compute.kernels.quantize_q8a(row, n_cols_, reinterpret_cast<BlockQ8A*>(out));
        }
      }
    };
    compute.pool.for_each(n_tokens_, 4, quantize);
    held_ = wanted;
    held_group_size_ = w.group_size;
  }
  return {scratch_.data(), row_bytes};
}

void matmul(const Compute& compute, const TensorView& w, MatmulInput& x, const float* bias,
            float* out, int64_t out_stride) {
  const MatmulInput::Form form = x.form_for(compute, w);
  const kernels::MatmulFn kernel = compute.kernels.matmul[static_cast<size_t>(w.dtype)];
  const auto row_bytes = static_cast<int64_t>(w.row_bytes());
  const auto run_panel = [&](int64_t begin, int64_t end, int) {
    for (int64_t t = 0; t < x.n_tokens(); t += kTokenBlock) {
      const kernels::MatmulArgs args = {
          .w = w.data + begin * row_bytes,
          .w_row_bytes = row_bytes,
          .n_rows = end - begin,
          .n_cols = w.n_cols(),
          .x = form.data + t * form.row_bytes,
          .x_row_bytes = form.row_bytes,
          .n_tokens = std::min(kTokenBlock, x.n_tokens() - t),
          .out = out + t * out_stride + begin,
          .out_stride = out_stride,
          .scales = w.scales,
          .group_size = w.group_size,
          .first_row = begin,
      };
      kernel(args);
      if (bias != nullptr) add_bias(args, bias + begin);
    }
  };
  const int64_t n_rows = w.n_rows();
  if (n_rows * w.n_cols() * x.n_tokens() < kMinParallelWork) return run_panel(0, n_rows, 0);
  const int64_t share = n_rows / (4 * compute.pool.n_threads());
  const int64_t panel = std::clamp(share / 8 * 8, kMinPanelRows, kMaxPanelRows);
  compute.pool.for_each(n_rows, panel, run_panel);
}

}  // namespace cria::gemm
