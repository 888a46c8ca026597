#include "convert/plan.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/str_cat.h"
#include "convert/recipe.h"
#include "tensor/quantize.h"

namespace cria::convert {
namespace {

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
    if (role == Role::output && output_type) return *output_type;
    return type_of(recipe_, role, layer_of(name), n_layers_);
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

}  // namespace

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
