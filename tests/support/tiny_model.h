// Small models with random weights, written as GGUF files, for tests of everything above file/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cria::testing {

struct TinyModel {
  std::string architecture = "llama";
  int n_layers = 2, d_model = 64, d_ff = 96, n_heads = 4, n_kv_heads = 2, head_dim = 16;
  int n_ctx = 128;
  int n_rot = 0;             // 0: head_dim
  std::string type = "f32";  // of the matrices
  bool tied = true;
  bool attention_biases = false;
  float rope_base = 10000;
  int sliding_window = 0;
  std::string rope_scaling;  // "", "linear", "yarn"
  float rope_factor = 1;
  int n_ctx_original = 0;
  std::vector<float> rope_freqs;  // the tensor rope_freqs.weight
  std::string chat_template;
  uint64_t seed = 1;
};

// The number of tokens in every tiny model: 3 special, 256 bytes, 2 turn marks, letters and words.
int tiny_n_vocab();

// Writes the model to path. type: "f32", "f16", "bf16" or a quantised type whose blocks are random.
void write_tiny_model(const TinyModel& model, const std::string& path);

}  // namespace cria::testing
