// How well a model predicts a text, and how far it is from another one.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "cria/model.h"
#include "cria/status.h"

namespace cria {

struct PerplexityOptions {
  int n_ctx = 512;  // tokens of a chunk, at least 4; where the text is shorter, as many as it has
  int n_threads = 0;
  KvType k_type = KvType::f16;  // of the model's KV cache; its base's is f16
  KvType v_type = KvType::f16;
  std::function<bool(double)> on_progress = {};  // share done; false cancels
};

struct Perplexity {
  double perplexity = 0;      // e ^ mean_nll
  double standard_error = 0;  // of perplexity
  double mean_nll = 0;        // -ln p(token), in nats a token
  int64_t n_text_tokens = 0;  // in the text
  int64_t n_tokens = 0;       // evaluated
  int64_t n_scored = 0;       // predictions that count
  int n_ctx = 0, n_chunks = 0;
  double seconds = 0;
};

// The text is cut into chunks of n_ctx tokens (what is left at the end is not used), each of which
// begins with BOS where the vocabulary asks for it, in place of its first token. The second half of
// each is scored, so that every prediction has at least n_ctx / 2 tokens before it: the custom of
// the field, whose figures these can be compared with.
// Errors: invalid_argument for options out of range and for a text of fewer than 4 tokens; corrupt
// where a logit is not finite; cancelled; out_of_memory.
CRIA_API Result<Perplexity> measure_perplexity(const Model& model, std::string_view text,
                                               const PerplexityOptions& options = {});

struct Divergence {
  Perplexity model, base;
  // Over the scored positions: sum over tokens of p_base * ln(p_base / p_model), in nats.
  double mean_kl = 0;
  double kl_standard_error = 0;
  double max_kl = 0;
  double same_top = 0;  // share of positions whose most likely token is the same
};

// How far model is from base, mostly the same model in a wider type, on the same chunks.
// Errors: as measure_perplexity; invalid_argument where the two read the text as other tokens.
CRIA_API Result<Divergence> measure_divergence(const Model& model, const Model& base,
                                               std::string_view text,
                                               const PerplexityOptions& options = {});

}  // namespace cria
