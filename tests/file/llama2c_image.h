// llama2.c checkpoints and vocabularies put together field by field.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cria::file::testing {

struct Llama2cImage {
  int version = 0;  // 0: legacy
  int32_t dim = 8, hidden_dim = 12, n_layers = 2, n_heads = 2, n_kv_heads = 1, vocab_size = 10,
          seq_len = 6;
  bool shared_classifier = true;
  int32_t group_size = 4;  // version 2

  // Values count up from 0 over the whole file: 0, 1, 2, ... as fp32; modulo 100 as int8, whose
  // groups have the scales 0.5, 1.5, 2.5, ...
  std::string bytes() const;
};

struct VocabularyImage {
  uint32_t max_token_length = 12;
  // "<unk>", "\n<s>\n", "\n</s>\n", the bytes and then these.
  std::vector<std::string> pieces = {" the", "a", "a b", "<0x0A>"};
  int32_t n_tokens() const { return 259 + static_cast<int32_t>(pieces.size()); }
  std::string bytes() const;
};

}  // namespace cria::file::testing
