// Logits to a token. The chain, in order: logit bias, penalties, then greedy, or top-k, typical,
// top-p, min-p, temperature, and a draw.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "cria/status.h"

namespace cria::sample {

using TokenId = int32_t;

struct SamplerOptions {
  float temperature = 0.8f;     // 0: greedy, the first of the largest logits
  int top_k = 40;               // <= 0: off
  float top_p = 0.95f;          // 1: off
  float min_p = 0.05f;          // 0: off
  float typical_p = 1.0f;       // 1: off (Meister et al. 2022)
  float repeat_penalty = 1.0f;  // 1: off (Keskar et al. 2019)
  float presence_penalty = 0.0f;
  float frequency_penalty = 0.0f;
  int repeat_last_n = 64;       // tokens that penalties look back at; 0 off, -1 all
  uint64_t seed = 0;
  std::vector<std::pair<TokenId, float>> logit_bias;  // added; -infinity forbids
};

// Errors: invalid_argument naming field, value and range: NaN anywhere, temperature < 0,
// top_p or typical_p outside (0, 1], min_p outside [0, 1], repeat_penalty <= 0, repeat_last_n < -1,
// a biased id outside the vocabulary.
Status check(const SamplerOptions& options, TokenId n_vocab);

// xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64. Integers and one exact conversion
// only: the same numbers on every machine.
class Rng {
 public:
  explicit Rng(uint64_t seed);
  uint64_t next_u64();
  // In [0, 1): the upper 53 bits times 2^-53.
  double next_unit();

 private:
  uint64_t state_[4];
};

// Keeps the tokens seen and the RNG. Copy it to fork a conversation. Equal logits, history and seed
// give the same token on every machine: probabilities use cria's own exp, and ties are broken by
// the lower id. Thread compatible. No allocation after reserve of n_vocab in the constructor,
// except where the history grows.
class Sampler {
 public:
  // Requires: check(options, n_vocab) is ok.
  Sampler(const SamplerOptions& options, TokenId n_vocab);

  // A token that the text holds already (prompt or chosen), for the penalties.
  void accept(TokenId token);
  // Chooses; does not accept. Errors: internal where every logit is NaN or -infinity.
  Result<TokenId> sample(std::span<const float> logits);
  void clear_history();

 private:
  struct Candidate {
    TokenId id;
    float logit;
    float probability;
  };
  void apply_bias_and_penalties();
  void keep_top_k();
  void compute_probabilities();
  void keep_typical();
  void keep_top_p();
  void keep_min_p();

  SamplerOptions options_;
  TokenId n_vocab_;
  Rng rng_;
  std::vector<TokenId> history_;
  std::vector<Candidate> candidates_;
};

}  // namespace cria::sample
