// How a token is chosen from logits.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace cria {

// The chain, in order: logit bias, penalties, then greedy, or top-k, typical, top-p, min-p,
// temperature, and a draw. Flags of the same names mean the same in other programs of the field.
struct SamplingOptions {
  float temperature = 0.8f;     // 0: greedy, the first of the largest logits
  int top_k = 40;               // 0: off
  float top_p = 0.95f;          // in (0, 1]; 1: off
  float min_p = 0.05f;          // in [0, 1]; 0: off
  float typical_p = 1.0f;       // in (0, 1]; 1: off (Meister et al. 2022)
  float repeat_penalty = 1.0f;  // above 0; 1: off (Keskar et al. 2019)
  float presence_penalty = 0.0f;
  float frequency_penalty = 0.0f;
  int repeat_last_n = 64;  // tokens that penalties look back at; 0: none, -1: all
  uint64_t seed = 0;       // the same seed gives the same tokens on every machine
  std::vector<std::pair<int32_t, float>> logit_bias;  // added; -infinity forbids a token
};

}  // namespace cria
