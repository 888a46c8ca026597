// Which type each tensor of a file gets.
#pragma once

#include <string>
#include <vector>

#include "cria/quantize.h"
#include "file/catalog.h"
#include "tensor/dtype.h"

namespace cria::convert {

struct PlannedTensor {
  const file::NamedTensor* source;  // the catalog's
  DType dtype;                      // as it is to be written
  bool is_matrix;                   // a weight of products
};

struct Plan {
  std::vector<PlannedTensor> tensors;  // in the catalog's order
  std::vector<std::string> notes;
};

// Errors: as quantize_file, for names and for types that cannot be read back.
Result<Plan> make_plan(const file::Catalog& catalog, const QuantizeOptions& options);

}  // namespace cria::convert
