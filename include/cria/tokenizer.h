// Text to token ids and back, and chat templates. Needs no weights: a vocabulary-only file will do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"

namespace cria {

using TokenId = int32_t;

struct EncodeOptions {
  bool add_special = true;     // BOS and EOS where the vocabulary asks for them
  bool parse_special = false;  // "<|im_end|>" in the text becomes that token
  bool continues = false;      // text goes on from earlier text: no leading space is added
};

struct ChatMessage {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

// A handle on an immutable vocabulary: cheap to copy, safe to use from several threads at once.
class CRIA_API Tokenizer {
 public:
  // From a GGUF of any architecture (its tensors are not touched), a SentencePiece .model, or a
  // llama2.c tokenizer.bin. Errors: not_found, io_error, corrupt, unsupported, out_of_memory.
  static Result<Tokenizer> open(const std::string& path);

  // Any bytes; those that are not UTF-8 become byte tokens. Errors: unsupported where a byte has no
  // token at all; out_of_memory.
  Result<std::vector<TokenId>> encode(std::string_view text, EncodeOptions options = {}) const;
  // The bytes of all ids joined, control tokens left out unless show_control.
  // Errors: invalid_argument for an id outside the vocabulary.
  Result<std::string> decode(const std::vector<TokenId>& ids, bool show_control = false) const;
  // One token's bytes as they stand inside a text; a control token's name.
  Result<std::string> piece(TokenId id) const;

  TokenId n_vocab() const;
  // -1 where the vocabulary has none.
  TokenId bos() const;
  TokenId eos() const;
  TokenId find_piece(std::string_view piece) const;
  // True for EOS, end of turn and end of message: generation stops there.
  bool is_stop(TokenId id) const;

  // The chat template's name ("chatml", "llama3", ...). Errors: unsupported, with the reason and
  // the names that can be forced; not_found where the file has none.
  Result<std::string> chat_template_name() const;
  // The conversation as the model was trained to see it. template_name "" means the file's own.
  // Errors: as chat_template_name, and invalid_argument where the template refuses the messages.
  Result<std::string> render_chat(const std::vector<ChatMessage>& messages,
                                  bool add_generation_prompt,
                                  std::string_view template_name = "") const;
  static std::vector<std::string> chat_template_names();

  // Facts that a person may want to know, e.g. pieces that had to be renamed.
  const std::vector<std::string>& notes() const;

  struct Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace cria
