// Products of a chunk of activations with a weight matrix: the model's way into the packed kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gemm/compute.h"
#include "gemm/lhs.h"
#include "gemm/packed_weights.h"
#include "tensor/tensor_view.h"

namespace cria::gemm {

// One input [n_tokens, n_cols] in the forms that weights of different types want. A form is made
// when first asked for and then shared by all products with this input (Q, K and V). Thread
// compatible. Owns nothing: x and scratch outlive it.
class MatmulInput {
 public:
  // Scratch that holds n_tokens rows in the form that products with w want.
  static uint64_t scratch_bytes(const kernels::Table& kernels, int64_t n_tokens,
                                const TensorView& w);

  explicit MatmulInput(std::span<std::byte> scratch) : scratch_(scratch) {}

  // x: fp32, contiguous. Requires scratch_bytes for each w that it will meet to fit.
  void set(const float* x, int64_t n_tokens, int64_t n_cols);

  const float* x() const { return x_; }
  int64_t n_tokens() const { return n_tokens_; }
  int64_t n_cols() const { return n_cols_; }

  // For a product with packed weights.
  Lhs lhs_for(const Compute& compute, const PackedWeights& w, const Plan& plan);
  // For weights as they stand (grouped_i8): rows in their form.
  struct Rows {
    const std::byte* data;
    int64_t row_bytes;
  };
  Rows rows_for(const Compute& compute, const TensorView& w);

 private:
  enum class Kind { none, q8a, grouped_i8 };

  void quantize(const Compute& compute, Kind kind, int64_t group_size, int64_t row_bytes);
  void interleave(const Compute& compute, const kernels::PackedKernel& kernel, const Plan& plan,
                  Lhs& lhs);

  std::span<std::byte> scratch_;
  const float* x_ = nullptr;
  int64_t n_tokens_ = 0;
  int64_t n_cols_ = 0;
  Kind held_ = Kind::none;
  int64_t held_group_size_ = 0;
  // Whose groups of rows stand behind the quantised rows, and of which blocks of k.
  const kernels::PackedKernel* held_groups_ = nullptr;
  int64_t held_k_block_ = 0;
};

// A matrix that meets an input.
// Shapes    w [n_rows, n_cols] of a computable type, and packed from it; bias [n_rows] or null; out
//           rows out_stride floats apart
struct Factor {
  const TensorView* w;
  const PackedWeights* packed;
  const float* bias;
  float* out;
  int64_t out_stride;
};

// For each factor: out[t, r] = sum over c of w[r, c] * x[t, c] + bias[r]. Those of one kernel are
// shared out to the threads at once.
// Requires  x.n_cols() == w.n_cols(); out overlaps nothing else
// Order     of accumulation: the kernels' (n_cols alone), so threads and chunks change no bit
void matmul(const Compute& compute, std::span<const Factor> factors, MatmulInput& x);

}  // namespace cria::gemm
