// Which type each tensor gets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cria/quantize.h"
#include "file/catalog.h"
#include "tensor/dtype.h"

namespace cria::convert {

struct Recipe;  // a row of the table of types and mixes

// Any case. Errors: invalid_argument with all names.
Result<const Recipe*> find_recipe(std::string_view name);
std::vector<std::string> recipe_names();
// general.file_type's number for it.
uint32_t file_type(const Recipe& recipe);

// A plain type by name; none for "". Errors: invalid_argument with flag and names.
Result<std::optional<DType>> find_plain_type(std::string_view field, std::string_view name);

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
