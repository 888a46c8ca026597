#include "model/weights.h"

#include <algorithm>
#include <unordered_set>

#include "base/str_cat.h"
#include "tensor/blocks.h"

namespace cria::model {
namespace {

// Looks tensors up by name, checks them, and remembers which were taken.
class Binder {
 public:
  Binder(const file::Catalog& catalog, Weights& weights) : catalog_(catalog), weights_(weights) {}

  bool has(const std::string& name) const { return catalog_.find_tensor(name) != nullptr; }

  Status matrix(const std::string& name, int64_t n_rows, int64_t n_cols, TensorView& out) {
    return take(name, {n_cols, n_rows}, out);
  }

  Status vector(const std::string& name, int64_t n, std::vector<float>& out) {
    TensorView view;
    CRIA_RETURN_IF_ERROR(take(name, {n}, view));
    if (view.dtype == DType::grouped_i8) {
      return unsupported(catalog_.source_name, ": tensor ", name,
                         ": found grouped int8, expected a float type for a vector");
    }
    out.resize(static_cast<size_t>(n));
    dequantize_row(view.dtype, view.data, n, out.data());
    return {};
  }

  Status linear(const std::string& name, int64_t n_rows, int64_t n_cols, Linear& out) {
    CRIA_RETURN_IF_ERROR(matrix(name + ".weight", n_rows, n_cols, out.weight));
    if (!has(name + ".bias")) return {};
    return vector(name + ".bias", n_rows, out.bias);
  }

  // A tensor that nobody asked for would be ignored, and the answers be wrong without a word.
  Status refuse_leftovers() const {
    for (const file::NamedTensor& tensor : catalog_.tensors) {
      if (taken_.contains(tensor.name)) continue;
      // Old converters stored the angles, which follow from the metadata.
      if (tensor.name.ends_with("attn_rot_embd") || tensor.name.ends_with("rope_freqs")) continue;
      return unsupported(catalog_.source_name, ": tensor ", quoted(tensor.name),
                         ": is not part of the family's forward pass as this version knows it; "
                         "ignoring it would give wrong answers");
    }
    return {};
  }

 private:
  Status take(const std::string& name, const std::vector<int64_t>& dims, TensorView& out) {
    const file::NamedTensor* tensor = catalog_.find_tensor(name);
    if (tensor == nullptr) {
      return corrupt(catalog_.source_name, ": tensor ", name, ": found nothing among ",
                     catalog_.tensors.size(), " tensors, expected shape ", expected_text(dims),
                     "; convert or download the model again");
    }
    out = tensor->view;
    bool same = true;
    for (size_t i = 0; i < out.dims.size(); ++i) {
      same = same && out.dims[i] == (i < dims.size() ? dims[i] : 1);
    }
    if (!same) {
      return corrupt(catalog_.source_name, ": at byte ", tensor->file_offset, ": tensor ", name,
                     ": found shape ", shape_text(out), ", expected ", expected_text(dims),
                     " from the hyperparameters");
    }
    const DTypeInfo& type = dtype_info(out.dtype);
    if (!type.computable) {
      return unsupported(catalog_.source_name, ": at byte ", tensor->file_offset, ": tensor ", name,
                         ": has type ", type.name,
                         ", which this version cannot compute with; use a file in another "
                         "quantisation (q4_0, q4_K, q6_K, q8_0, f16, ...)");
    }
    taken_.insert(tensor->name);
    weights_.n_params += out.n_elems();
    weights_.size_bytes += static_cast<int64_t>(out.size_bytes);
    return {};
  }

  static std::string expected_text(const std::vector<int64_t>& dims) {
    return dims.size() == 1 ? str_cat("[", dims[0], "]")
                            : str_cat("[", dims[0], ", ", dims[1], "]");
  }

  const file::Catalog& catalog_;
  Weights& weights_;
  std::unordered_set<std::string_view> taken_;
};

Status bind_layer(Binder& binder, const Config& config, int i_layer, LayerWeights& layer) {
  const std::string prefix = str_cat("blk.", i_layer, ".");
  const int64_t d = config.d_model;
  const int64_t n_q = static_cast<int64_t>(config.n_heads) * config.head_dim;
  const int64_t n_kv = static_cast<int64_t>(config.n_kv_heads) * config.head_dim;
  CRIA_RETURN_IF_ERROR(binder.vector(prefix + "attn_norm.weight", d, layer.attention_norm));
  CRIA_RETURN_IF_ERROR(binder.linear(prefix + "attn_q", n_q, d, layer.q));
  CRIA_RETURN_IF_ERROR(binder.linear(prefix + "attn_k", n_kv, d, layer.k));
  CRIA_RETURN_IF_ERROR(binder.linear(prefix + "attn_v", n_kv, d, layer.v));
  CRIA_RETURN_IF_ERROR(binder.linear(prefix + "attn_output", d, n_q, layer.attention_output));
  CRIA_RETURN_IF_ERROR(binder.vector(prefix + "ffn_norm.weight", d, layer.ffn_norm));
  CRIA_RETURN_IF_ERROR(binder.linear(prefix + "ffn_gate", config.d_ff, d, layer.gate));
  CRIA_RETURN_IF_ERROR(binder.linear(prefix + "ffn_up", config.d_ff, d, layer.up));
  return binder.linear(prefix + "ffn_down", d, config.d_ff, layer.down);
}

Status bind_rope_divisors(Binder& binder, const file::Catalog& catalog, Config& config) {
  if (!binder.has("rope_freqs.weight")) {
    if (!config.rope.expects_divisors) return {};
    return unsupported(catalog.source_name,
                       ": rope.scaling.type is llama3, but the tensor "
                       "rope_freqs.weight, which holds that scaling, is not there; convert the "
                       "model again");
  }
  std::vector<float>& divisors = config.rope.frequency_divisors;
  CRIA_RETURN_IF_ERROR(binder.vector("rope_freqs.weight", config.rope.n_rot / 2, divisors));
  for (const float divisor : divisors) {
    if (!(divisor >= 1e-3f && divisor <= 1e6f)) {
      return corrupt(catalog.source_name, ": tensor rope_freqs.weight: found ", divisor,
                     ", expected values from 0.001 to 1000000");
    }
  }
  return {};
}

}  // namespace

std::vector<NamedLinear> named_linears(const Weights& weights) {
  std::vector<NamedLinear> all;
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    const LayerWeights& layer = weights.layers[i];
    const std::pair<const char*, const Linear*> of_layer[] = {
        {"attn_q", &layer.q},      {"attn_k", &layer.k},
        {"attn_v", &layer.v},      {"attn_output", &layer.attention_output},
        {"ffn_gate", &layer.gate}, {"ffn_up", &layer.up},
        {"ffn_down", &layer.down}};
    for (const auto& [name, linear] : of_layer) {
      all.push_back({str_cat("blk.", i, ".", name, ".weight"), linear});
    }
  }
  all.push_back({weights.tied_output ? "token_embd.weight" : "output.weight", &weights.output});
  return all;
}

std::vector<Linear*> linears_to_pack(Weights& weights) {
  std::vector<Linear*> all;
  for (LayerWeights& layer : weights.layers) {
    for (Linear* linear : {&layer.q, &layer.k, &layer.v, &layer.attention_output, &layer.gate,
                           &layer.up, &layer.down}) {
      all.push_back(linear);
    }
  }
  all.push_back(&weights.output);
  return all;
}

namespace {

// Source bytes that are packed before they are given back: enough work for some threads, little
// beside any model.
constexpr int64_t kBandBytes = 2 << 20;

// Rows [begin, end) of a matrix.
TensorView rows_of(const TensorView& w, int64_t begin, int64_t end) {
  TensorView rows = w;
  rows.data = w.row(begin);
  rows.dims = {w.n_cols(), end - begin, 1, 1};
  rows.size_bytes = static_cast<uint64_t>(end - begin) * w.row_bytes();
  return rows;
}

// Says how far all matrices are, and asks whether to go on.
class Progress {
 public:
  Progress(const std::vector<Linear*>& linears, const std::function<bool(double)>& on_progress,
           std::string_view source_name)
      : on_progress_(on_progress), source_name_(source_name) {
    for (const Linear* linear : linears) total_ += linear->weight.size_bytes;
  }

  Status add(uint64_t n_bytes) {
    done_ += n_bytes;
    if (!on_progress_ || on_progress_(static_cast<double>(done_) / static_cast<double>(total_))) {
      return {};
    }
    return Status(StatusCode::cancelled, str_cat("cancelled while loading ", source_name_));
  }

 private:
  const std::function<bool(double)>& on_progress_;
  std::string_view source_name_;
  uint64_t total_ = 0, done_ = 0;
};

Status pack_linear(const file::Catalog& catalog, const Compute& compute, Progress& progress,
                   Linear& linear) {
  const TensorView& w = linear.weight;
  auto packed = gemm::allocate_panels(compute.kernels, w);
  if (!packed.ok()) return packed.status();
  linear.packed = std::move(*packed);
  if (linear.packed.kernel == nullptr) {
    CRIA_RETURN_IF_ERROR(catalog.prefault(w));
    return progress.add(w.size_bytes);
  }
  const int64_t width = linear.packed.kernel->width, n_panels = linear.packed.n_panels();
  const int64_t panel_bytes = width * static_cast<int64_t>(w.row_bytes());
  const int64_t band = std::max<int64_t>(1, kBandBytes / panel_bytes);
  for (int64_t begin = 0; begin < n_panels; begin += band) {
    const int64_t end = std::min(n_panels, begin + band);
    const TensorView rows = rows_of(w, begin * width, std::min(w.n_rows(), end * width));
    CRIA_RETURN_IF_ERROR(catalog.prefault(rows));
    gemm::pack_panels(compute, w, begin, end, linear.packed);
    catalog.drop(rows);
    CRIA_RETURN_IF_ERROR(progress.add(rows.size_bytes));
  }
  return {};
}

}  // namespace

Status pack_weights(const file::Catalog& catalog, const Compute& compute,
                    const std::function<bool(double)>& on_progress, Weights& weights) {
  const std::vector<Linear*> linears = linears_to_pack(weights);
  Progress progress(linears, on_progress, catalog.source_name);
  for (Linear* linear : linears) {
    CRIA_RETURN_IF_ERROR(pack_linear(catalog, compute, progress, *linear));
  }
  return let_go_of_packed(catalog, weights);
}

bool keeps_embedding(const Weights& weights) {
  constexpr uint64_t kMostTied = uint64_t{8} << 20, kMost = uint64_t{64} << 20;
  return weights.embedding.size_bytes <= (weights.tied_output ? kMostTied : kMost);
}

Status let_go_of_packed(const file::Catalog& catalog, Weights& weights) {
  const std::vector<Linear*> linears = linears_to_pack(weights);
  // A page that is read brings its neighbours, so that some of every matrix are there again.
  const bool all_packed = std::all_of(linears.begin(), linears.end(), [](const Linear* linear) {
    return linear->packed.kernel != nullptr;
  });
  if (all_packed) catalog.drop_all();
  // A tied output that is multiplied as it stands is read whole for every token.
  const bool read_whole = weights.tied_output && weights.output.packed.kernel == nullptr;
  if (read_whole) return {};
  if (keeps_embedding(weights)) return catalog.prefault(weights.embedding);
  file::FilePlace place = catalog.place_of(weights.embedding);
  weights.embedding.file = std::move(place.file);
  weights.embedding.file_offset = place.offset;
  return {};
}

Result<Weights> bind_weights(const file::Catalog& catalog, Config& config) {
  Weights weights;
  Binder binder(catalog, weights);
  CRIA_RETURN_IF_ERROR(
      binder.matrix("token_embd.weight", config.n_vocab, config.d_model, weights.embedding));
  CRIA_RETURN_IF_ERROR(bind_rope_divisors(binder, catalog, config));
  // Checked before the layers are allocated: a huge block_count has no tensors to show for it.
  const std::string last = str_cat("blk.", config.n_layers - 1, ".attn_norm.weight");
  if (!binder.has(last)) {
    return corrupt(catalog.source_name, ": tensor ", last, ": found nothing, expected it because ",
                   "block_count is ", config.n_layers);
  }
  weights.layers.resize(static_cast<size_t>(config.n_layers));
  for (int i = 0; i < config.n_layers; ++i) {
    CRIA_RETURN_IF_ERROR(bind_layer(binder, config, i, weights.layers[static_cast<size_t>(i)]));
  }
  CRIA_RETURN_IF_ERROR(binder.vector("output_norm.weight", config.d_model, weights.output_norm));
  weights.tied_output = !binder.has("output.weight");
  if (weights.tied_output) {
    weights.output.weight = weights.embedding;
  } else {
    CRIA_RETURN_IF_ERROR(binder.linear("output", config.n_vocab, config.d_model, weights.output));
  }
  CRIA_RETURN_IF_ERROR(binder.refuse_leftovers());
  return weights;
}

}  // namespace cria::model
