// The tensors of a LLaMA-family model, found by name and checked against the hyperparameters.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "file/catalog.h"
#include "gemm/packed_weights.h"
#include "model/config.h"
#include "ops/elementwise.h"

namespace cria::model {

// A matrix [n_rows = outputs, n_cols = inputs] and its bias, empty where there is none.
struct Linear {
  TensorView weight;           // as it stands in the file
  gemm::PackedWeights packed;  // the same in panels, once pack_weights has run
  std::vector<float> bias;
  const float* bias_or_null() const { return bias.empty() ? nullptr : bias.data(); }
};

struct LayerWeights {
  std::vector<float> attention_norm;  // [d_model]
  Linear q;                           // [n_heads * head_dim, d_model]
  Linear k, v;                        // [n_kv_heads * head_dim, d_model]
  Linear attention_output;            // [d_model, n_heads * head_dim]
  std::vector<float> ffn_norm;        // [d_model]
  Linear gate, up;                    // [d_ff, d_model]
  Linear down;                        // [d_model, d_ff]
};

// Views of the catalog's bytes and what is made of them; small vectors are fp32 copies. Immutable
// once packed.
struct Weights {
  ops::EmbeddingTable embedding;  // [n_vocab, d_model]
  std::vector<LayerWeights> layers;
  std::vector<float> output_norm;  // [d_model]
  Linear output;                   // [n_vocab, d_model]; the embedding again where tied
  bool tied_output = false;
  int64_t n_params = 0;
  int64_t size_bytes = 0;
};

// Every matrix of the products with its name in the file: "token_embd.weight" for a tied output.
struct NamedLinear {
  std::string name;
  const Linear* linear;
};
std::vector<NamedLinear> named_linears(const Weights& weights);
// The same in the same order, to be packed.
std::vector<Linear*> linears_to_pack(Weights& weights);

// Finds every tensor and, for Llama 3.1, the RoPE divisors (into config.rope).
// Errors: corrupt for a missing tensor or a shape that the hyperparameters contradict (both shapes
// named); unsupported for a type without kernels or a tensor that the forward pass would ignore.
Result<Weights> bind_weights(const file::Catalog& catalog, Config& config);

// Whether the embedding that is looked up stays in memory: where it is small, a row costs no system
// call; of a large one each row is read out of the file, about a microsecond. A tied one is in
// memory already, packed, so the limit is lower.
bool keeps_embedding(const Weights& weights);

// Packs every matrix for the kernels, a few megabytes at a time, and gives the memory of the bytes
// in the file back at once: memory never holds two copies. Types that are multiplied as they stand,
// and the embedding that is looked up (see keeps_embedding), stay where they are.
// on_progress (may be empty) gets the share done and returns false to cancel.
// Errors: out_of_memory, io_error, cancelled
Status pack_weights(const file::Catalog& catalog, const Compute& compute,
                    const std::function<bool(double)>& on_progress, Weights& weights);
// The end of that, where the panels came from elsewhere: nothing of the file stays resident that is
// not used again, and a small embedding is read now, where a failing disk is an error and no
// signal. Errors: io_error
Status let_go_of_packed(const file::Catalog& catalog, Weights& weights);

}  // namespace cria::model
