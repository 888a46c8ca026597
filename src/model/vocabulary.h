// From a file's metadata to a tokenizer: the place where file/ and text/ meet.
#pragma once

#include <memory>
#include <string>

#include "file/catalog.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace cria::model {

// A tokenizer with the chat template that came with it. Immutable; share it by shared_ptr.
struct Vocabulary {
  std::unique_ptr<text::Tokenizer> tokenizer;
  std::string chat_template_source;  // Jinja, "" where the file has none
  // Recognised, or why it is not (not_found where there is none).
  Result<std::shared_ptr<const text::ChatTemplate>> chat_template = Status();
  // Ids that end generation: EOS, end of turn, end of message, the chat template's end of turn.
  std::vector<text::TokenId> stop_tokens;

  bool is_stop(text::TokenId id) const;
  // The spelling of a special token, "" for -1.
  std::string token_text(text::TokenId id) const;
};

// The vocabulary itself and its chat template, for writing it into another file.
struct VocabularySource {
  text::VocabularyData data;
  std::string chat_template;
};
Result<VocabularySource> read_vocabulary_source(const std::string& path);

// From metadata, of any architecture. Errors: not_found where the catalog has no vocabulary;
// corrupt; unsupported for a kind of tokenizer or a pre-tokenizer that is not known (named).
Result<std::shared_ptr<const Vocabulary>> vocabulary_from_catalog(const file::Catalog& catalog);

// From a file of its own: a GGUF (tensors ignored), a SentencePiece .model or a tokenizer.bin.
Result<std::shared_ptr<const Vocabulary>> open_vocabulary(const std::string& path);

}  // namespace cria::model
