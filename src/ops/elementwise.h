// Row-wise steps of a transformer layer, shared out over threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/mapped_file.h"
#include "gemm/compute.h"
#include "tensor/tensor_view.h"

namespace cria::ops {

// out[t, :] = row tokens[t] of table, as fp32.
// Shapes    table [n_vocab, d] of a computable type; out [tokens.size(), d]
// Requires  every id in [0, n_vocab)
void embed(const Compute& compute, const TensorView& table, std::span<const int32_t> tokens,
           float* out);

// A table whose rows are read out of the file that is mapped, at file_offset, so that none of it
// stays resident: a fault would map up to 2 MB for a row. file null: rows are read where they
// stand.
struct EmbeddingTable : TensorView {
  std::shared_ptr<const MappedFile> file;
  uint64_t file_offset = 0;
};
void embed(const Compute& compute, const EmbeddingTable& table, std::span<const int32_t> tokens,
           float* out);

// Root mean square layer normalisation of each row (Zhang and Sennrich 2019).
// Shapes    x, out [n_rows, n_cols], contiguous; weight [n_cols]; out may be x
void rms_norm(const Compute& compute, const float* x, int64_t n_rows, int64_t n_cols,
              const float* weight, float eps, float* out);

// x[i] += y[i] for n elements.
void add(const Compute& compute, float* x, const float* y, int64_t n);

// out[i] = silu(gate[i]) * up[i] for n elements (Shazeer 2020). out may be gate or up.
void swiglu(const Compute& compute, const float* gate, const float* up, int64_t n, float* out);

}  // namespace cria::ops
