// A SentencePiece .model file as data: read with our own bounded reader, and written for the
// library. Source: sentencepiece_model.proto (field numbers), the protocol buffers wire format.
#pragma once

#include <string>
#include <string_view>

#include "base/byte_reader.h"
#include "text/vocabulary.h"

namespace cria::text {

struct SpmModel {
  VocabularyData vocab;
  bool is_unigram = false;         // else BPE
  bool escape_whitespaces = true;  // spaces become U+2581
  std::string charsmap;            // precompiled_charsmap, not checked here; "" for identity
};

// Errors: corrupt with the byte position; unsupported for more than 1 Mi pieces, for a WORD or CHAR
// model and for spaces as suffixes, which no model of a family that we run uses.
Result<SpmModel> read_spm_model(Bytes bytes, std::string_view source_name);

// The bytes of a .model with these pieces, scores, types and flags; byte fallback is on.
// Requires: scores and types one per piece.
std::string write_spm_model(const SpmModel& model);

}  // namespace cria::text
