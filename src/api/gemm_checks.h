// What the public products accept, and the words for what they do not.
#pragma once

#include <cstdint>
#include <optional>

#include "base/str_cat.h"
#include "cria/gemm.h"
#include "kernels/packed.h"
#include "tensor/dtype.h"

namespace cria::api {

bool is_int(ElementType type);    // s8, u8
bool is_block(ElementType type);  // q4_0 ...

// The kernels' name of a type that B may have.
std::optional<kernels::PackedType> packed_type(ElementType type);

// The tensor layer's name of a float or block type; nothing for an integer.
std::optional<DType> dtype_of(ElementType type);

// Bytes between neighbouring rows and columns of a view; of blocks, only between columns.
struct Steps {
  int64_t row, column;
};
Steps steps_of(const ConstMatrixView& view);

struct RhsShape {
  ElementType type;
  int64_t n_rows, n_cols;
};
Status check_rhs(const ConstMatrixView& b);
Status check_product(const ConstMatrixView& a, const RhsShape& b, const MatrixView& c,
                     const GemmOptions& options);
Status check_explained(int64_t m, int64_t n, int64_t k, ElementType type, int n_threads);

}  // namespace cria::api
