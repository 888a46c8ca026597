// Hyperparameters, read from a catalog's metadata and checked before anything is computed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "file/catalog.h"
#include "ops/rope.h"

namespace cria::model {

// The families whose forward pass is written: both run forward_llama.cc.
enum class Architecture { llama, qwen2 };

struct Config {
  Architecture architecture = Architecture::llama;
  std::string architecture_name;
  std::string name;
  int n_layers = 0;
  int n_heads = 0;
  int n_kv_heads = 0;
  int head_dim = 0;
  int d_model = 0;
  int d_ff = 0;
  int n_vocab = 0;  // rows of the embedding
  int n_ctx_train = 0;
  int sliding_window = 0;  // 0: none
  float rms_eps = 1e-5f;
  ops::RopeConfig rope;
};

// Errors: unsupported for another architecture, a mixture of experts or an unknown RoPE scaling
// (each named, with what is known); corrupt for a missing key, a value out of range, or values that
// contradict each other.
Result<Config> read_config(const file::Catalog& catalog);

// For people: ("n_layers", "22"), ...
std::vector<std::pair<std::string, std::string>> describe(const Config& config);

// "llama", "qwen2".
std::vector<std::string> known_architectures();

}  // namespace cria::model
