// Cuts a text into the stretches within which byte-level BPE may merge. One table: name, regexes.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "cria/status.h"

struct pcre2_real_code_8;

namespace cria::text {

// Immutable; safe to share.
class PreTokenizer {
 public:
  // By GGUF's tokenizer.ggml.pre. Errors: unsupported for an unknown name, with the known ones.
  static Result<PreTokenizer> make(std::string_view name, std::string_view source_name);

  // Appends the stretches of text in order; joined they are text, byte for byte. Each byte that is
  // not UTF-8 is a stretch of its own. Where the regex library gives up, what is left is one
  // stretch. Errors: out_of_memory.
  Status split(std::string_view text, std::vector<std::string_view>& out) const;

  // A stretch that is a piece is taken whole, whatever the merges would make of it.
  bool ignores_merges() const { return ignores_merges_; }
  // What a person should know about this choice; "" if nothing.
  std::string_view note() const { return note_; }

 private:
  struct CodeDeleter {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::vector<std::unique_ptr<pcre2_real_code_8, CodeDeleter>> stages_;
  bool ignores_merges_ = false;
  std::string_view note_;
};

std::vector<std::string_view> pre_tokenizer_names();

}  // namespace cria::text
