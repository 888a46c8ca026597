#include "model/config.h"

#include <algorithm>
#include <cmath>

#include "base/str_cat.h"

namespace cria::model {
namespace {

// Upper limits that no published model comes near, so that products of two of them fit an int64 and
// buffers sized by one of them cannot exhaust memory by themselves.
constexpr uint32_t kMaxLayers = 4096;
constexpr uint32_t kMaxWidth = 1u << 20;
constexpr uint32_t kMaxVocab = 1u << 24;
constexpr uint32_t kMaxContext = 1u << 30;

// Reads "ARCHITECTURE.key" with range checks.
class KeyReader {
 public:
  KeyReader(const file::Catalog& catalog, std::string_view architecture)
      : catalog_(catalog), prefix_(str_cat(architecture, ".")) {}

  bool has(std::string_view key) const { return catalog_.find(prefix_ + std::string(key)); }

  Status required(std::string_view key, uint32_t low, uint32_t high, int& out) const {
    if (!has(key)) {
      return corrupt(catalog_.source_name, ": metadata ", prefix_, key,
                     ": found nothing, expected an integer; convert the model again");
    }
    return optional(key, low, high, out);
  }

  Status optional(std::string_view key, uint32_t low, uint32_t high, int& out) const {
    if (!has(key)) return {};
    uint32_t value = 0;
    CRIA_RETURN_IF_ERROR(catalog_.get(prefix_ + std::string(key), value));
    if (value < low || value > high) return range_error(key, value, low, high);
    out = static_cast<int>(value);
    return {};
  }

  template <typename Real>
  Status optional_real(std::string_view key, double low, double high, Real& out) const {
    if (!has(key)) return {};
    float value = 0;
    CRIA_RETURN_IF_ERROR(catalog_.get(prefix_ + std::string(key), value));
    if (!(value >= low && value <= high)) return range_error(key, value, low, high);
    out = value;
    return {};
  }

  Status text(std::string_view key, std::string_view& out) const {
    return catalog_.get(prefix_ + std::string(key), out);
  }

  template <typename... Pieces>
  Status contradiction(const Pieces&... pieces) const {
    return corrupt(catalog_.source_name, ": metadata: ", pieces...);
  }
  template <typename... Pieces>
  Status not_known(const Pieces&... pieces) const {
    return unsupported(catalog_.source_name, ": ", pieces...);
  }

 private:
  template <typename T>
  Status range_error(std::string_view key, T value, double low, double high) const {
    return corrupt(catalog_.source_name, ": metadata ", prefix_, key, ": found ", value,
                   ", expected ", low, " to ", high);
  }

  const file::Catalog& catalog_;
  std::string prefix_;
};

Status read_sizes(const KeyReader& keys, Config& config) {
  CRIA_RETURN_IF_ERROR(keys.required("block_count", 1, kMaxLayers, config.n_layers));
  CRIA_RETURN_IF_ERROR(keys.required("embedding_length", 1, kMaxWidth, config.d_model));
  CRIA_RETURN_IF_ERROR(keys.required("feed_forward_length", 1, kMaxWidth, config.d_ff));
  CRIA_RETURN_IF_ERROR(keys.required("attention.head_count", 1, kMaxWidth, config.n_heads));
  CRIA_RETURN_IF_ERROR(keys.required("context_length", 1, kMaxContext, config.n_ctx_train));
  config.n_kv_heads = config.n_heads;
  CRIA_RETURN_IF_ERROR(keys.optional("attention.head_count_kv", 1, kMaxWidth, config.n_kv_heads));
  if (config.n_heads % config.n_kv_heads != 0) {
    return keys.contradiction("attention.head_count is ", config.n_heads,
                              ", expected a multiple of attention.head_count_kv, ",
                              config.n_kv_heads);
  }
  CRIA_RETURN_IF_ERROR(keys.optional("attention.key_length", 1, kMaxWidth, config.head_dim));
  if (config.head_dim == 0) {
    if (config.d_model % config.n_heads != 0) {
      return keys.contradiction("embedding_length is ", config.d_model,
                                ", expected a multiple of attention.head_count, ", config.n_heads,
                                ", where attention.key_length is absent");
    }
    config.head_dim = config.d_model / config.n_heads;
  }
  int value_length = config.head_dim;
  CRIA_RETURN_IF_ERROR(keys.optional("attention.value_length", 1, kMaxWidth, value_length));
  if (value_length != config.head_dim) {
    return keys.not_known("attention.value_length is ", value_length, " and the key length ",
                          config.head_dim, "; this version needs them equal");
  }
  if (static_cast<int64_t>(config.n_heads) * config.head_dim > kMaxWidth) {
    return keys.contradiction("attention.head_count times key length is ",
                              static_cast<int64_t>(config.n_heads) * config.head_dim,
                              ", expected at most ", kMaxWidth);
  }
  CRIA_RETURN_IF_ERROR(
      keys.optional("attention.sliding_window", 0, kMaxContext, config.sliding_window));
  return keys.optional_real("attention.layer_norm_rms_epsilon", 0, 1, config.rms_eps);
}

Status read_scaling(const KeyReader& keys, int n_ctx_train, ops::RopeConfig& rope) {
  std::string_view kind;
  CRIA_RETURN_IF_ERROR(keys.text("rope.scaling.type", kind));
  // The key of files older than rope.scaling.
  CRIA_RETURN_IF_ERROR(keys.optional_real("rope.scale_linear", 1e-3, 1e6, rope.factor));
  CRIA_RETURN_IF_ERROR(keys.optional_real("rope.scaling.factor", 0, 1e6, rope.factor));
  if (rope.factor == 0) rope.factor = 1;  // how some converters say "not scaled"
  if (kind == "none") {
    rope.scaling = ops::RopeScaling::none;
  } else if (kind == "linear" || kind.empty()) {
    rope.scaling = ops::RopeScaling::linear;
  } else if (kind == "yarn") {
    rope.scaling = ops::RopeScaling::yarn;
    rope.n_ctx_original = n_ctx_train;
    CRIA_RETURN_IF_ERROR(
        keys.optional("rope.scaling.original_context_length", 1, kMaxContext, rope.n_ctx_original));
    CRIA_RETURN_IF_ERROR(
        keys.optional_real("rope.scaling.attn_factor", 1e-3, 1e3, rope.attention_factor));
    CRIA_RETURN_IF_ERROR(
        keys.optional_real("rope.scaling.yarn_beta_fast", 1e-3, 1e6, rope.beta_fast));
    CRIA_RETURN_IF_ERROR(
        keys.optional_real("rope.scaling.yarn_beta_slow", 1e-3, 1e6, rope.beta_slow));
  } else if (kind == "llama3") {
    rope.expects_divisors = true;
  } else {
    return keys.not_known("rope.scaling.type is ", quoted(kind),
                          "; this version knows none, linear, yarn and llama3");
  }
  return {};
}

Status read_rope(const KeyReader& keys, Config& config) {
  ops::RopeConfig& rope = config.rope;
  rope.n_rot = config.head_dim;
  CRIA_RETURN_IF_ERROR(keys.optional("rope.dimension_count", 1, kMaxWidth, rope.n_rot));
  if (rope.n_rot > config.head_dim || rope.n_rot % 2 != 0) {
    return keys.contradiction("rope.dimension_count is ", rope.n_rot,
                              ", expected an even number of at most the head's ", config.head_dim);
  }
  CRIA_RETURN_IF_ERROR(keys.optional_real("rope.freq_base", 1.0001, 1e12, rope.base));
  rope.pairing = config.architecture == Architecture::qwen2 ? ops::RopePairing::halves
                                                            : ops::RopePairing::adjacent;
  return read_scaling(keys, config.n_ctx_train, rope);
}

// Things that a llama file may have and that forward_llama.cc does not do.
Status refuse_unknown_parts(const KeyReader& keys) {
  int n_experts = 0;
  CRIA_RETURN_IF_ERROR(keys.optional("expert_count", 0, kMaxWidth, n_experts));
  if (n_experts > 0) {
    return keys.not_known("expert_count is ", n_experts,
                          ": a mixture of experts, which this version cannot run");
  }
  if (keys.has("attention.sliding_window_pattern")) {
    return keys.not_known(
        "metadata attention.sliding_window_pattern is set: windows on some layers "
        "only, which this version does not know");
  }
  for (const std::string_view key :
       {"attention.clamp_kqv", "attention.max_alibi_bias", "attention.scale",
        "attn_logit_softcapping", "final_logit_softcapping", "logit_scale", "residual_scale",
        "embedding_scale"}) {
    float value = 0;
    CRIA_RETURN_IF_ERROR(keys.optional_real(key, -1e30, 1e30, value));
    if (value != 0) {
      return keys.not_known("metadata ", key,
                            " is set, and this version would ignore it and "
                            "answer wrongly");
    }
  }
  return {};
}

Status read_vocab_size(const file::Catalog& catalog, Config& config) {
  const file::NamedTensor* embedding = catalog.find_tensor("token_embd.weight");
  if (embedding == nullptr) {
    return corrupt(
        catalog.source_name, ": at byte ", catalog.size_bytes(),
        ": tensor token_embd.weight: found the end of the file and ", catalog.tensors.size(),
        " other tensors, expected the token embedding; ",
        catalog.tensors.empty() ? "this file holds a vocabulary only" : "convert the model again");
  }
  const int64_t n_rows = embedding->view.n_rows();
  if (n_rows > kMaxVocab) {
    return corrupt(catalog.source_name, ": tensor token_embd.weight: found ", n_rows,
                   " rows, expected at most ", kMaxVocab);
  }
  config.n_vocab = static_cast<int>(n_rows);
  return {};
}

}  // namespace

std::vector<std::string> known_architectures() { return {"llama", "qwen2"}; }

Result<Config> read_config(const file::Catalog& catalog) {
  Config config;
  std::string_view architecture, name;
  CRIA_RETURN_IF_ERROR(catalog.get("general.architecture", architecture));
  CRIA_RETURN_IF_ERROR(catalog.get("general.name", name));
  config.architecture_name = architecture;
  config.name = name;
  if (architecture.empty()) {
    return corrupt(catalog.source_name,
                   ": metadata general.architecture: found nothing, expected a name such as llama");
  }
  const std::vector<std::string> known = known_architectures();
  const auto found = std::find(known.begin(), known.end(), architecture);
  if (found == known.end()) {
    return unsupported(catalog.source_name, ": general.architecture is ", quoted(architecture),
                       "; this version runs llama (LLaMA 1 to 3, TinyLlama, Mistral, SmolLM, "
                       "Vicuna) and qwen2");
  }
  config.architecture = static_cast<Architecture>(found - known.begin());
  const KeyReader keys(catalog, architecture);
  CRIA_RETURN_IF_ERROR(read_sizes(keys, config));
  CRIA_RETURN_IF_ERROR(read_rope(keys, config));
  CRIA_RETURN_IF_ERROR(refuse_unknown_parts(keys));
  CRIA_RETURN_IF_ERROR(read_vocab_size(catalog, config));
  return config;
}

std::vector<std::pair<std::string, std::string>> describe(const Config& config) {
  const ops::RopeConfig& rope = config.rope;
  const char* scaling = rope.scaling == ops::RopeScaling::linear ? "linear"
                        : rope.scaling == ops::RopeScaling::yarn ? "yarn"
                                                                 : "none";
  return {{"n_layers", str_cat(config.n_layers)},
          {"d_model", str_cat(config.d_model)},
          {"d_ff", str_cat(config.d_ff)},
          {"n_heads", str_cat(config.n_heads)},
          {"n_kv_heads", str_cat(config.n_kv_heads)},
          {"head_dim", str_cat(config.head_dim)},
          {"n_vocab", str_cat(config.n_vocab)},
          {"n_ctx_train", str_cat(config.n_ctx_train)},
          {"sliding_window", str_cat(config.sliding_window)},
          {"rms_eps", str_cat(config.rms_eps)},
          {"rope_base", str_cat(rope.base)},
          {"rope_dims", str_cat(rope.n_rot)},
          {"rope_pairing", rope.pairing == ops::RopePairing::adjacent ? "adjacent" : "halves"},
          {"rope_scaling", scaling},
          {"rope_factor", str_cat(rope.factor)}};
}

}  // namespace cria::model
