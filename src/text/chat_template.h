// Chat templates that are known by name and rendered in code, byte for byte as their Jinja source
// renders. Full Jinja is not here: an unknown template is refused, never guessed.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"

namespace cria::text {

struct ChatMessage {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

struct ChatContext {
  std::string_view bos_token;  // as text; "" where the vocabulary has none
  std::string_view eos_token;
  bool add_generation_prompt = true;
  // "26 Jul 2024": what templates with a date print. "" lets the template's own default stand.
  std::string_view date;
};

// Stateless; safe to share.
class ChatTemplate {
 public:
  virtual ~ChatTemplate() = default;
  virtual const char* name() const = 0;  // "chatml", "llama2", "llama3", ...
  // Appends the rendering. Errors: invalid_argument where the template itself raises (a system
  // message that it does not take, roles that do not alternate), with its reason.
  virtual Status render(const std::vector<ChatMessage>& messages, const ChatContext& context,
                        std::string& out) const = 0;
  // Texts that end the assistant's turn ("<|im_end|>"), so that a caller can stop there.
  virtual std::vector<std::string_view> end_of_turn() const = 0;
};

// By the Jinja source in a model's metadata. Errors: unsupported, with a hint (the names that can be
// forced, and the first construct that is not known).
Result<const ChatTemplate*> recognize_chat_template(std::string_view jinja_source);
// By name. Errors: invalid_argument with the valid names.
Result<const ChatTemplate*> find_chat_template(std::string_view name);
std::vector<std::string_view> chat_template_names();

}  // namespace cria::text
