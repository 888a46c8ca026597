// A named array somewhere in memory, which somebody else owns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "tensor/dtype.h"

namespace cria {

// dims[0] is the contiguous one (GGUF's order): a matrix of n_rows() rows of n_cols() elements.
// A view never owns: whoever made it (a Catalog) keeps the bytes alive.
struct TensorView {
  DType dtype = DType::f32;
  int n_dims = 0;
  std::array<int64_t, 4> dims = {1, 1, 1, 1};
  const std::byte* data = nullptr;
  uint64_t size_bytes = 0;
  // Only for grouped_i8: element i of the whole tensor, counted row by row, is
  // data[i] * scales[i / group_size]. A group may cross the end of a row.
  const std::byte* scales = nullptr;  // fp32, any alignment
  int64_t group_size = 0;

  int64_t n_cols() const { return dims[0]; }
  int64_t n_rows() const { return dims[1] * dims[2] * dims[3]; }
  int64_t n_elems() const { return n_cols() * n_rows(); }
  // Distance between rows, in bytes. Requires a checked shape (n_cols a multiple of the block).
  uint64_t row_bytes() const;
  const std::byte* row(int64_t i_row) const {
    return data + static_cast<uint64_t>(i_row) * row_bytes();
  }
};

// "[4096, 32000]", dims[0] first.
std::string shape_text(const TensorView& view);

}  // namespace cria
