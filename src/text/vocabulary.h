// A vocabulary as data, before a tokenizer is made of it. Whoever has a file fills this in
// (model/).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cria/tokenizer.h"

namespace cria::text {

using cria::TokenId;

// GGUF's and SentencePiece's piece types, with their ids.
enum class PieceType : int32_t {
  undefined = 0,
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6,
};

struct SpecialTokens {
  TokenId bos = -1, eos = -1, unk = -1, pad = -1;
  TokenId eot = -1;  // end of a turn
  TokenId eom = -1;  // end of a message that expects a tool's answer
  bool add_bos = false;
  bool add_eos = false;
  // Further ids that end generation (a chat template's end-of-turn that the metadata does not
  // name).
  std::vector<TokenId> also_stop;
};

struct VocabularyData {
  std::string source_name;  // for messages
  std::string model;        // GGUF's tokenizer.ggml.model: "llama" (SentencePiece BPE), "gpt2", ...
  std::string pre;          // GGUF's tokenizer.ggml.pre, for "gpt2"
  std::vector<std::string> pieces;  // SentencePiece: "▁" for spaces; gpt2: its byte alphabet
  std::vector<float> scores;        // "llama": one each
  std::vector<PieceType> types;     // one each
  std::vector<std::string> merges;  // "gpt2": "left right", best first
  SpecialTokens special;
  bool add_space_prefix = true;  // "llama" only
  bool remove_extra_whitespaces = false;
  bool ignore_merges = false;  // "gpt2": a pre-token that is a piece is taken whole
};

}  // namespace cria::text
