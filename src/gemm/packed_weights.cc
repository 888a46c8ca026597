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

Result<PackedWeights> pack_weights(const Compute& compute, const TensorView& w) {
  PackedWeights packed;
  packed.n_rows = w.n_rows();
  packed.n_cols = w.n_cols();
  const auto type = packed_type(w.dtype);
  if (!type) return packed;
  packed.type = *type;
  packed.kernel = compute.kernels.packed[static_cast<size_t>(*type)];
  const kernels::PackedKernel& kernel = *packed.kernel;
  const int64_t panel_bytes = kernel.panel_bytes(packed.n_cols);
  const auto bytes =
      checked_mul(static_cast<uint64_t>(packed.n_panels()), static_cast<uint64_t>(panel_bytes));
  auto panels = AlignedBuffer::allocate_streamed(bytes.value_or(UINT64_MAX), "packed weights");
  if (!panels.ok()) return panels.status();
  packed.panels = std::move(*panels);
  const auto row_bytes = static_cast<int64_t>(w.row_bytes());
  compute.pool.for_each(packed.n_panels(), 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t p = begin; p < end; ++p) {
      kernel.pack({.b = w.data + p * kernel.width * row_bytes,
                   .k_stride = row_bytes / std::max<int64_t>(packed.n_cols, 1),  // floats only
                   .n_stride = row_bytes,
                   .n_k = packed.n_cols,
                   .n_cols = std::min<int64_t>(kernel.width, packed.n_rows - p * kernel.width),
                   .out = packed.panels.data() + p * panel_bytes});
    }
  });
  return packed;
}

}  // namespace cria::gemm
