#include "convert/recipe.h"

#include "base/str_cat.h"
#include "tensor/quantize.h"

namespace cria::convert {

// Layers that a rule is for. Errors in the first and the last layers cost most.
enum class Layers {
  none,
  all,
  first_2,
  first_4,
  first_eighth,
  spread,  // the first and the last eighth, and every third one between
};

struct Rule {
  Role role = Role::other;
  Layers layers = Layers::none;
  DType dtype = DType::f32;
};

struct Recipe {
  const char* name;
  DType base;
  DType output;  // of the output matrix
  uint32_t file_type;
  Rule rules[4] = {};  // the first that fits counts
};

namespace {

// The names and what they mean are those that users of GGUF files know; file_type: its
// specification.
constexpr Recipe kRecipes[] = {
    {"f32", DType::f32, DType::f32, 0},
    {"f16", DType::f16, DType::f16, 1},
    {"bf16", DType::bf16, DType::bf16, 32},
    {"q8_0", DType::q8_0, DType::q8_0, 7},
    {"q5_1", DType::q5_1, DType::q5_1, 9},
    {"q5_0", DType::q5_0, DType::q5_0, 8},
    {"q4_1", DType::q4_1, DType::q4_1, 3},
    {"q4_0", DType::q4_0, DType::q4_0, 2},
    {"q6_k", DType::q6_k, DType::q6_k, 18},
    {"q5_k", DType::q5_k, DType::q5_k, 16},
    {"q4_k", DType::q4_k, DType::q4_k, 14},
    {"q3_k", DType::q3_k, DType::q3_k, 11},
    {"q2_k", DType::q2_k, DType::q2_k, 10},
    {"q5_k_m",
     DType::q5_k,
     DType::q6_k,
     17,
     {{Role::attention_v, Layers::spread, DType::q6_k},
      {Role::ffn_down, Layers::spread, DType::q6_k}}},
    {"q5_k_s", DType::q5_k, DType::q6_k, 16},
    {"q4_k_m",
     DType::q4_k,
     DType::q6_k,
     15,
     {{Role::attention_v, Layers::spread, DType::q6_k},
      {Role::ffn_down, Layers::spread, DType::q6_k}}},
    {"q4_k_s",
     DType::q4_k,
     DType::q6_k,
     14,
     {{Role::attention_v, Layers::first_4, DType::q5_k},
      {Role::ffn_down, Layers::first_eighth, DType::q5_k}}},
    {"q3_k_l",
     DType::q3_k,
     DType::q6_k,
     13,
     {{Role::attention_v, Layers::all, DType::q5_k},
      {Role::ffn_down, Layers::all, DType::q5_k},
      {Role::attention_output, Layers::all, DType::q5_k}}},
    // Of two rules for one role the first is the narrower.
    {"q3_k_m",
     DType::q3_k,
     DType::q6_k,
     12,
     {{Role::attention_v, Layers::first_2, DType::q5_k},
      {Role::attention_v, Layers::all, DType::q4_k},
      {Role::ffn_down, Layers::all, DType::q4_k},
      {Role::attention_output, Layers::all, DType::q4_k}}},
    {"q3_k_s", DType::q3_k, DType::q6_k, 11},
};

bool covers(Layers layers, int i, int n) {
  if (i < 0) return false;  // of no layer
  switch (layers) {
    case Layers::none:
      return false;
    case Layers::all:
      return true;
    case Layers::first_2:
      return i < 2;
    case Layers::first_4:
      return i < 4;
    case Layers::first_eighth:
      return i < n / 8;
    case Layers::spread:
      return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
  }
  return false;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += str_cat(out.empty() ? "" : ", ", name);
  return out;
}

}  // namespace

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : kRecipes) names.emplace_back(recipe.name);
  return names;
}

Result<const Recipe*> find_recipe(std::string_view name) {
  const std::string wanted = lower(name);
  for (const Recipe& recipe : kRecipes) {
    if (wanted == recipe.name) return &recipe;
  }
  return invalid_argument("type: found ", quoted(name), ", expected one of ",
                          joined(recipe_names()));
}

Role role_of(std::string_view name, bool tied) {
  if (name == "output.weight") return Role::output;
  if (name == "token_embd.weight") return tied ? Role::output : Role::embedding;
  if (name.ends_with(".attn_v.weight")) return Role::attention_v;
  if (name.ends_with(".attn_output.weight")) return Role::attention_output;
  if (name.ends_with(".ffn_down.weight")) return Role::ffn_down;
  return Role::other;
}

DType type_of(const Recipe& recipe, Role role, int i_layer, int n_layers) {
  if (role == Role::output) return recipe.output;
  for (const Rule& rule : recipe.rules) {
    if (rule.role == role && covers(rule.layers, i_layer, n_layers)) return rule.dtype;
  }
  return recipe.base;
}

uint32_t file_type(const Recipe& recipe) { return recipe.file_type; }

Result<std::optional<DType>> find_plain_type(std::string_view field, std::string_view name) {
  if (name.empty()) return std::optional<DType>();
  const DTypeInfo* info = find_dtype_by_name(name);
  if (info != nullptr && can_quantize_to(info->dtype)) return std::optional(info->dtype);
  std::string known;
  for (const Recipe& recipe : kRecipes) {
    if (std::string_view(recipe.name) != lower(dtype_info(recipe.base).name)) continue;
    known += str_cat(known.empty() ? "" : ", ", recipe.name);
  }
  return invalid_argument(field, ": found ", quoted(name), ", expected one of ", known);
}

}  // namespace cria::convert
