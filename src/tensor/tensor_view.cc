#include "tensor/tensor_view.h"

#include "base/str_cat.h"

namespace cria {

uint64_t TensorView::row_bytes() const {
  const DTypeInfo& info = dtype_info(dtype);
  return static_cast<uint64_t>(dims[0]) / info.block_elems * info.block_bytes;
}

std::string shape_text(const TensorView& view) {
  std::string text = "[";
  for (int i = 0; i < view.n_dims; ++i) {
    text += str_cat(i == 0 ? "" : ", ", view.dims[static_cast<size_t>(i)]);
  }
  return text + "]";
}

}  // namespace cria
