// A weight matrix in the order in which this CPU's kernels stream it.
#pragma once

#include <cstdint>

#include "base/aligned_buffer.h"
#include "gemm/compute.h"
#include "tensor/tensor_view.h"

namespace cria::gemm {

// Owns its panels. Immutable once made. Empty (no kernel) for a type that is multiplied as it
// stands.
struct PackedWeights {
  const kernels::PackedKernel* kernel = nullptr;
  kernels::PackedType type = kernels::PackedType::f32;
  int64_t n_rows = 0;  // outputs: columns of the product's B
  int64_t n_cols = 0;  // inputs
  AlignedBuffer panels;

  int64_t n_panels() const { return (n_rows + kernel->width - 1) / kernel->width; }
};

// The same numbers, in panels.
// Errors: out_of_memory with the size
Result<PackedWeights> pack_weights(const Compute& compute, const TensorView& w);

}  // namespace cria::gemm
