// The types and mixes by name, and what each means for a matrix.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"
#include "tensor/dtype.h"

namespace cria::convert {

struct Recipe;  // a row of the table of types and mixes

// Matrices that mixes treat apart.
enum class Role { other, embedding, output, attention_v, attention_output, ffn_down };

// By the name in the file; tied: the embedding is the output matrix, too.
Role role_of(std::string_view name, bool tied);

// Any case. Errors: invalid_argument with all names.
Result<const Recipe*> find_recipe(std::string_view name);
std::vector<std::string> recipe_names();
// For a matrix of layer i_layer (-1: of none) of n_layers.
DType type_of(const Recipe& recipe, Role role, int i_layer, int n_layers);
// general.file_type's number for it.
uint32_t file_type(const Recipe& recipe);

// A plain type by name; none for "". Errors: invalid_argument with flag and names.
Result<std::optional<DType>> find_plain_type(std::string_view field, std::string_view name);

}  // namespace cria::convert
