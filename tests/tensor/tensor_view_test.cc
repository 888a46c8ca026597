#include "tensor/tensor_view.h"

#include <gtest/gtest.h>

namespace cria {
namespace {

TEST(TensorView, CountsRowsOverAllUpperDimensions) {
  const std::byte bytes[1] = {};
  TensorView view;
  view.dtype = DType::q4_0;
  view.n_dims = 3;
  view.dims = {64, 3, 2, 1};
  view.data = bytes;
  EXPECT_EQ(view.n_cols(), 64);
  EXPECT_EQ(view.n_rows(), 6);
  EXPECT_EQ(view.n_elems(), 384);
  EXPECT_EQ(view.row_bytes(), 36u);
  EXPECT_EQ(view.row(0), bytes);
  EXPECT_EQ(shape_text(view), "[64, 3, 2]");
}

}  // namespace
}  // namespace cria
