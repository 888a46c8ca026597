#include "gemm/packed_weights.h"

#include <algorithm>
#include <optional>

#include "base/checked.h"

namespace cria::gemm {
namespace {

std::optional<kernels::PackedType> packed_type(DType dtype) {
  using kernels::PackedType;
  switch (dtype) {
    case DType::f32:
      return PackedType::f32;
    case DType::f16:
      return PackedType::f16;
    case DType::bf16:
      return PackedType::bf16;
    case DType::q4_0:
      return PackedType::q4_0;
    case DType::q4_1:
      return PackedType::q4_1;
    case DType::q5_0:
      return PackedType::q5_0;
    case DType::q5_1:
      return PackedType::q5_1;
    case DType::q8_0:
      return PackedType::q8_0;
    case DType::q2_k:
      return PackedType::q2_k;
    case DType::q3_k:
      return PackedType::q3_k;
    case DType::q4_k:
      return PackedType::q4_k;
    case DType::q5_k:
      return PackedType::q5_k;
    case DType::q6_k:
      return PackedType::q6_k;
    default:
      return std::nullopt;
  }
}

}  // namespace

const kernels::PackedKernel* packed_kernel(const kernels::Table& kernels, DType dtype) {
  const auto type = packed_type(dtype);
  return type ? kernels.packed[static_cast<size_t>(*type)] : nullptr;
}

uint64_t packed_bytes(const kernels::Table& kernels, const TensorView& w) {
  const kernels::PackedKernel* kernel = packed_kernel(kernels, w.dtype);
  if (kernel == nullptr) return 0;
  const int64_t n_panels = (w.n_rows() + kernel->width - 1) / kernel->width;
  return checked_mul(static_cast<uint64_t>(n_panels),
                     static_cast<uint64_t>(kernel->panel_bytes(w.n_cols())))
      .value_or(UINT64_MAX);
}

namespace {

PackedWeights without_panels(const kernels::Table& kernels, const TensorView& w) {
  PackedWeights packed;
  packed.n_rows = w.n_rows();
  packed.n_cols = w.n_cols();
  packed.kernel = packed_kernel(kernels, w.dtype);
  if (packed.kernel != nullptr) packed.type = *packed_type(w.dtype);
  return packed;
}

}  // namespace

Result<PackedWeights> allocate_panels(const kernels::Table& kernels, const TensorView& w) {
  PackedWeights packed = without_panels(kernels, w);
  if (packed.kernel == nullptr) return packed;
  auto memory = AlignedBuffer::allocate_streamed(packed_bytes(kernels, w), "packed weights");
  if (!memory.ok()) return memory.status();
  packed.memory = std::move(*memory);
  packed.panels = packed.memory.data();
  return packed;
}

PackedWeights panels_in_file(const kernels::Table& kernels, const TensorView& w,
                             std::shared_ptr<const MappedFile> file, uint64_t offset) {
  PackedWeights packed = without_panels(kernels, w);
  packed.panels = file->bytes().data() + offset;
  packed.file = std::move(file);
  return packed;
}

void pack_panels(const Compute& compute, const TensorView& w, int64_t begin, int64_t end,
                 PackedWeights& packed) {
  const kernels::PackedKernel& kernel = *packed.kernel;
  const int64_t panel_bytes = kernel.panel_bytes(packed.n_cols);
  const auto row_bytes = static_cast<int64_t>(w.row_bytes());
  compute.pool.for_each(end - begin, 4, [&](int64_t first, int64_t last, int) {
    for (int64_t p = begin + first; p < begin + last; ++p) {
      kernel.pack({.b = w.data + p * kernel.width * row_bytes,
                   .k_stride = row_bytes / std::max<int64_t>(packed.n_cols, 1),  // floats only
                   .n_stride = row_bytes,
                   .n_k = packed.n_cols,
                   .n_cols = std::min<int64_t>(kernel.width, packed.n_rows - p * kernel.width),
                   .out = packed.memory.data() + p * panel_bytes});
    }
  });
}

Result<PackedWeights> pack_weights(const Compute& compute, const TensorView& w) {
  auto packed = allocate_panels(compute.kernels, w);
  if (packed.ok() && packed->kernel != nullptr) {
    pack_panels(compute, w, 0, packed->n_panels(), *packed);
  }
  return packed;
}

}  // namespace cria::gemm
