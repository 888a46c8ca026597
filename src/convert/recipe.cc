#include "convert/recipe.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/str_cat.h"
#include "tensor/quantize.h"

namespace cria::convert {
namespace {

// Matrices that mixes treat apart.
enum class Role { other, embedding, output, attention_v, attention_output, ffn_down };

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

}  // namespace

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

// N of "blk.N.", or -1.
int layer_of(std::string_view name) {
  if (!name.starts_with("blk.")) return -1;
  int layer = -1;
  std::from_chars(name.data() + 4, name.data() + name.size(), layer);
  return layer;
}

// What models need in full, and what is no weight of a product at all, is left alone.
bool is_matrix(const file::NamedTensor& tensor) {
  if (tensor.view.n_dims < 2 || !tensor.name.ends_with(".weight")) return false;
  for (const std::string_view part : {"_norm", "ffn_gate_inp", "rope_freqs", "position_embd",
                                      "token_types", "conv1d", "attn_rel_b"}) {
    if (tensor.name.find(part) != std::string_view::npos) return false;
  }
  return true;
}

Role role_of(std::string_view name, bool tied) {
  if (name == "output.weight") return Role::output;
  if (name == "token_embd.weight") return tied ? Role::output : Role::embedding;
  if (name.ends_with(".attn_v.weight")) return Role::attention_v;
  if (name.ends_with(".attn_output.weight")) return Role::attention_output;
  if (name.ends_with(".ffn_down.weight")) return Role::ffn_down;
  return Role::other;
}

// With blocks of 32, and a little more bits than the type that does not fit.
DType with_small_blocks(DType dtype) {
  switch (dtype) {
    case DType::q2_k:
    case DType::q3_k:
      return DType::q4_0;
    case DType::q4_k:
      return DType::q5_0;
    case DType::q5_k:
      return DType::q5_1;
    default:
      return DType::q8_0;
  }
}

bool fits(DType dtype, int64_t n_cols) { return n_cols % dtype_info(dtype).block_elems == 0; }

DType type_that_fits(DType wanted, int64_t n_cols) {
  if (fits(wanted, n_cols)) return wanted;
  if (dtype_info(wanted).block_elems > 32 && fits(with_small_blocks(wanted), n_cols)) {
    return with_small_blocks(wanted);
  }
  return DType::f16;
}

// Facts that hold for many tensors, each told once.
class Notes {
 public:
  void add(const std::string& fact, std::string_view name) {
    const auto [at, is_new] = count_.try_emplace(fact, Seen{0, std::string(name)});
    if (is_new) order_.push_back(fact);
    ++at->second.count;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const std::string& fact : order_) {
      const Seen& seen = count_.at(fact);
      const std::string others =
          seen.count > 1 ? str_cat(" and ", seen.count - 1, " more") : std::string();
      out.push_back(str_cat(quoted(seen.first), others, ": ", fact));
    }
    return out;
  }

 private:
  struct Seen {
    int count;
    std::string first;
  };
  std::map<std::string, Seen> count_;
  std::vector<std::string> order_;
};

class Planner {
 public:
  Planner(const file::Catalog& catalog, const Recipe& recipe) : catalog_(catalog), recipe_(recipe) {
    tied_ = catalog.find_tensor("output.weight") == nullptr;
    for (const file::NamedTensor& tensor : catalog.tensors) {
      n_layers_ = std::max(n_layers_, layer_of(tensor.name) + 1);
    }
  }

  std::optional<DType> embedding_type, output_type;  // asked for by name

  Result<Plan> make() {
    Plan plan;
    for (const file::NamedTensor& tensor : catalog_.tensors) {
      const bool matrix = is_matrix(tensor);
      plan.tensors.push_back({&tensor, matrix ? matrix_type(tensor) : other_type(tensor), matrix});
      CRIA_RETURN_IF_ERROR(check_source(tensor, plan.tensors.back().dtype));
    }
    plan.notes = notes_.texts();
    return plan;
  }

 private:
  DType matrix_type(const file::NamedTensor& tensor) {
    const DType wanted = wanted_type(tensor.name);
    const int64_t n_cols = tensor.view.n_cols();
    const DType dtype = type_that_fits(wanted, n_cols);
    if (dtype != wanted) {
      const DTypeInfo& info = dtype_info(wanted);
      notes_.add(str_cat("rows of ", n_cols, " elements are no multiple of ", info.block_elems,
                         ", the block of ", info.name, "; written as ", dtype_info(dtype).name),
                 tensor.name);
    }
    return dtype;
  }

  DType wanted_type(std::string_view name) const {
    if (name == "token_embd.weight" && embedding_type) return *embedding_type;
    const Role role = role_of(name, tied_);
    if (role == Role::output) return output_type.value_or(recipe_.output);
    for (const Rule& rule : recipe_.rules) {
      if (rule.role == role && covers(rule.layers, layer_of(name), n_layers_)) return rule.dtype;
    }
    return recipe_.base;
  }

  static DType other_type(const file::NamedTensor& tensor) {
    const DType dtype = tensor.view.dtype;
    return dtype == DType::f16 || dtype == DType::bf16 ? DType::f32 : dtype;
  }

  Status check_source(const file::NamedTensor& tensor, DType to) {
    const DType from = tensor.view.dtype;
    if (from == to) return {};
    if (!can_quantize_to(from)) {
      return unsupported(catalog_.source_name, ": at byte ", tensor.file_offset, ": tensor ",
                         quoted(tensor.name), ": has type ", dtype_info(from).name,
                         ", which this version cannot read back; start from a file in f32, f16 or "
                         "bf16");
    }
    if (dtype_info(from).quantized && dtype_info(to).quantized) {
      notes_.add(str_cat("was quantised before, as ", dtype_info(from).name,
                         ", and loses more than from the original; start from a file in f32, f16 "
                         "or bf16 where there is one"),
                 tensor.name);
    }
    return {};
  }

  const file::Catalog& catalog_;
  const Recipe& recipe_;
  bool tied_ = false;
  int n_layers_ = 0;
  Notes notes_;
};

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

Result<Plan> make_plan(const file::Catalog& catalog, const QuantizeOptions& options) {
  const auto recipe = find_recipe(options.type);
  if (!recipe.ok()) return recipe.status();
  Planner planner(catalog, **recipe);
  const auto embedding = find_plain_type("token_embedding_type", options.token_embedding_type);
  if (!embedding.ok()) return embedding.status();
  const auto output = find_plain_type("output_type", options.output_type);
  if (!output.ok()) return output.status();
  planner.embedding_type = *embedding;
  planner.output_type = *output;
  return planner.make();
}

}  // namespace cria::convert
