// Text to token ids and back. Two kinds: sentencepiece (spm_tokenizer.cc) and byte-level BPE
// (bpe_tokenizer.cc), behind one interface.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_reader.h"
#include "cria/tokenizer.h"
#include "text/vocabulary.h"

namespace cria::text {

using cria::EncodeOptions;

// Immutable; safe to use from several threads at once.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Appends the ids of any bytes (not only valid UTF-8; no text is ever dropped) to out.
  // Errors: out_of_memory; unsupported where a byte has no token in a vocabulary without byte
  // fallback and without an unknown token (the byte's position named).
  virtual Status encode(std::string_view text, const EncodeOptions& options,
                        std::vector<TokenId>& out) const = 0;

  // The bytes that a token stands for in the middle of a text: " the", one byte for a byte token,
  // "" for a control token unless show_control ("<|im_end|>").
  // Errors: invalid_argument for an id outside [0, n_vocab).
  virtual Status append_piece(TokenId id, bool show_control, std::string& out) const = 0;

  // The bytes of text that one token can stand for at most; at least 1. A text of n bytes that can
  // be encoded has at least ceil(n / max_piece_bytes()) tokens, whatever the options. SIZE_MAX
  // where there is no such bound: text that normalisation shrinks, or runs that become one unknown
  // token.
  virtual size_t max_piece_bytes() const = 0;

  // True where the text's first token loses its leading space (SentencePiece's dummy prefix).
  virtual bool strips_leading_space() const = 0;

  virtual TokenId n_vocab() const = 0;
  virtual const SpecialTokens& special() const = 0;
  virtual PieceType type(TokenId id) const = 0;
  // The id of a piece spelt as in the vocabulary (a control token's name), or -1.
  virtual TokenId find_piece(std::string_view piece) const = 0;
  // Notes for people: renamed duplicates, byte pieces that are missing, ...
  virtual const std::vector<std::string>& notes() const = 0;
};

// Checks the data (token ids and special ids < n_vocab, byte pieces of exactly two hex digits, one
// score and type each), then builds. Errors: corrupt; unsupported for an unknown model or
// pre-tokenizer, which is named with the known ones.
Result<std::unique_ptr<Tokenizer>> make_tokenizer(VocabularyData data);

// Tells a SentencePiece .model from a llama2.c tokenizer.bin, whose first number may be the same
// byte: a .model begins with a piece that has a spelling.
bool looks_like_sentencepiece_model(Bytes bytes);

// From a SentencePiece .model file's bytes (copied). Parsed with our own bounded reader before the
// library sees them. Unigram models are accepted too.
Result<std::unique_ptr<Tokenizer>> make_sentencepiece_tokenizer(Bytes model,
                                                                std::string_view source_name);

// The vocabulary of a SentencePiece .model as data, for callers that need pieces and scores.
Result<VocabularyData> parse_sentencepiece_model(Bytes model, std::string_view source_name);

// The pre-tokenizers that make_tokenizer knows.
std::vector<std::string_view> known_pre_tokenizers();

}  // namespace cria::text
