// Rotary position embedding (Su et al. 2021) with the frequency scalings that model files name.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gemm/compute.h"

namespace cria::ops {

// Which two elements of a head turn together.
enum class RopePairing {
  adjacent,  // (0, 1), (2, 3), ...: GGUF "llama", whose converters permute Q and K; llama2.c
  halves,    // (0, n/2), (1, n/2 + 1), ...: GPT-NeoX; GGUF "qwen2"
};

enum class RopeScaling { none, linear, yarn };

struct RopeConfig {
  int n_rot = 0;  // elements of a head that turn; even, at most head_dim
  double base = 10000;
  RopePairing pairing = RopePairing::adjacent;
  RopeScaling scaling = RopeScaling::none;
  double factor = 1;                     // linear, yarn: how far the context is stretched
  int n_ctx_original = 0;                // yarn: the context before stretching
  double beta_fast = 32, beta_slow = 1;  // yarn: rotations between which the two are mixed
  double attention_factor = 1;           // yarn: extra factor on cos and sin
  // The file says that its scaling stands in a tensor of divisors (Llama 3.1).
  bool expects_divisors = false;
  // Divisors of the frequencies, n_rot / 2 of them or none (Llama 3.1's scaling, stored as a
  // tensor).
  std::vector<float> frequency_divisors = {};
};

// Angles per position and the magnitude of cos and sin, from a configuration.
// Source: YaRN: Peng et al. 2023, sections 3.2 to 3.4, equations 17 to 24 and the attention
// temperature 0.1 ln(factor) + 1.
class RopeFrequencies {
 public:
  explicit RopeFrequencies(const RopeConfig& config);

  int n_pairs() const { return static_cast<int>(frequencies_.size()); }
  RopePairing pairing() const { return pairing_; }
  // cos_sin [n_tokens, n_pairs, 2] for positions first, first + 1, ...
  void fill(const Compute& compute, int64_t first_position, int64_t n_tokens, float* cos_sin) const;
  // cos_sin [n_pairs, 2] that turns by n_positions what is turned already: with magnitude 1.
  void fill_turn(int64_t n_positions, float* cos_sin) const;

 private:
  std::vector<double> frequencies_;
  double magnitude_ = 1;
  RopePairing pairing_;
};

// Turns the first 2 * n_pairs elements of every head, in place.
// Shapes    x [n_tokens, n_heads, head_dim], contiguous; cos_sin as RopeFrequencies::fill
void rope(const Compute& compute, const RopeFrequencies& frequencies, const float* cos_sin,
          int64_t n_tokens, int64_t n_heads, int64_t head_dim, float* x);

// The same for one head: x [at least 2 * n_pairs]; cos_sin [n_pairs, 2].
void turn_head(const RopeFrequencies& frequencies, const float* cos_sin, float* x);

}  // namespace cria::ops
