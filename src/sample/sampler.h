// Logits to a token. The chain, in order: logit bias, penalties, then greedy, or top-k, typical,
// top-p, min-p, temperature, and a draw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cria/sampling.h"
#include "cria/status.h"

namespace cria::sample {

using TokenId = int32_t;

using SamplerOptions = SamplingOptions;

// Errors: invalid_argument naming field, value and range: temperature below 0, top_p or typical_p
// outside (0, 1], min_p outside [0, 1], repeat_penalty not above 0, repeat_last_n below -1, a
// biased id outside the vocabulary; NaN anywhere, and infinity anywhere but in logit_bias.
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

// Keeps the tokens that penalties look back at, and the RNG. Copy it to fork a conversation. Equal
// logits, history and seed give the same token on every machine: probabilities use cria's own exp
// and are summed in a fixed order, and ties are broken by the lower id. Thread compatible.
// Nothing is allocated after the constructor, but for a history of more than 65,536 tokens or where
// repeat_last_n is -1; a copy allocates once more on its first draw.
class Sampler {
 public:
  // Requires: check(options, n_vocab) is ok.
  Sampler(const SamplerOptions& options, TokenId n_vocab);

  // A token that the text holds already (prompt or chosen), for the penalties. Ids outside the
  // vocabulary are ignored.
  void accept(TokenId token);
  // Chooses; does not accept. NaN counts as -infinity, which is never chosen.
  // Errors: internal where no logit is above -infinity, or where there are not n_vocab of them.
  Result<TokenId> sample(std::span<const float> logits);
  // The RNG goes on where it is.
  void clear_history();

 private:
  struct Candidate {
    TokenId id;
    float logit;
    float weight;  // exp(logit - the largest)
    float key;     // keep_typical: distance from the expected information
  };
  using Candidates = std::vector<Candidate>;

  static bool comes_first(const Candidate& a, const Candidate& b);
  bool has_penalties() const;
  TokenId n_candidates() const;
  void adjust(std::span<const float> logits);
  void penalize();
  TokenId most_likely() const;
  void collect();
  float largest_logit() const;
  double compute_weights(double temperature);
  void keep_typical();
  void keep_top_p();
  void keep_min_p();
  TokenId draw();

  SamplerOptions options_;
  TokenId n_vocab_;
  Rng rng_;
  std::vector<TokenId> history_;  // a ring once it holds repeat_last_n
  size_t oldest_ = 0;             // of the ring
  std::vector<int32_t> counts_;   // of each id in history_; empty without penalties
  std::vector<float> logits_;     // after bias and penalties
  Candidates candidates_;
};

}  // namespace cria::sample
