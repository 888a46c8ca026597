// A weight matrix in the order in which this CPU's kernels stream it.
#pragma once

#include <cstdint>
#include <memory>

#include "base/aligned_buffer.h"
#include "base/mapped_file.h"
#include "gemm/compute.h"
#include "tensor/tensor_view.h"

namespace cria::gemm {

// Owns its panels, or shares the file that they stand in. Immutable once made. Empty (no kernel)
// for a type that is multiplied as it stands.
struct PackedWeights {
  const kernels::PackedKernel* kernel = nullptr;
  kernels::PackedType type = kernels::PackedType::f32;
  int64_t n_rows = 0;  // outputs: columns of the product's B
  int64_t n_cols = 0;  // inputs
  const std::byte* panels = nullptr;
  AlignedBuffer memory;  // one of these two holds them
  std::shared_ptr<const MappedFile> file;

  int64_t n_panels() const { return (n_rows + kernel->width - 1) / kernel->width; }
};

// The same numbers, in panels.
// Errors: out_of_memory with the size
Result<PackedWeights> pack_weights(const Compute& compute, const TensorView& w);

// The same in two steps, for callers that give the source's memory back as it is packed: the
// panels, still empty, then some of them at a time. Requires  0 <= begin <= end <= n_panels()
Result<PackedWeights> allocate_panels(const kernels::Table& kernels, const TensorView& w);
// Panels that were packed before, at an offset of a file. Requires  packed_bytes() of them there;
// offset a multiple of 64; a kernel for the type
PackedWeights panels_in_file(const kernels::Table& kernels, const TensorView& w,
                             std::shared_ptr<const MappedFile> file, uint64_t offset);
void pack_panels(const Compute& compute, const TensorView& w, int64_t begin, int64_t end,
                 PackedWeights& packed);

// What the panels will take; saturates at UINT64_MAX. 0 for a type that is multiplied as it stands.
uint64_t packed_bytes(const kernels::Table& kernels, const TensorView& w);
// Who multiplies by it; null for a type that is multiplied as it stands.
const kernels::PackedKernel* packed_kernel(const kernels::Table& kernels, DType dtype);

}  // namespace cria::gemm
