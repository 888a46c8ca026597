// A conversation as the text that a model was trained on, by the Jinja source in its metadata or by
// a format's name. Much of Jinja is here, not all: what is evaluated gives Jinja's bytes, and a
// template that needs more (tools, macros, tojson) is refused with the construct's name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"
#include "cria/tokenizer.h"

namespace cria::text {

using cria::ChatMessage;

struct ChatContext {
  std::string_view bos_token = {};  // as text; "" where the vocabulary has none
  std::string_view eos_token = {};
  bool add_generation_prompt = true;
  // "26 Jul 2024": what templates with a date print. "" lets the template's own default stand.
  std::string_view date = {};
};

// Immutable; safe to share between threads.
class ChatTemplate {
 public:
  virtual ~ChatTemplate() = default;

  // The known format that it agrees with ("chatml", "llama3", ...), or "custom". For people: a
  // file's own template is rendered as its source says, whatever its name.
  virtual std::string_view name() const = 0;

  // Appends the rendering. Special tokens stand in it as text: encode it with parse_special, and
  // with BOS only where it does not start with context.bos_token (many templates print it).
  // Errors: invalid_argument for no messages, an unknown role, or where the template itself raises
  // (a system message that it does not take, roles that do not alternate), with its reason;
  // unsupported where this conversation leads into a part of the template that is not evaluated.
  virtual Status render(const std::vector<ChatMessage>& messages, const ChatContext& context,
                        std::string& out) const = 0;

  // Texts that end the assistant's turn ("<|im_end|>") besides the vocabulary's EOS, so that a
  // caller can stop there. Found by rendering a conversation.
  virtual const std::vector<std::string>& end_of_turn() const = 0;
};

// By the Jinja source in a model's metadata. No tools, documents or other variables are passed.
// Errors: unsupported, with the line, the construct that is not known and the names that can be
// forced; also for an empty template.
Result<std::shared_ptr<const ChatTemplate>> recognize_chat_template(std::string_view jinja_source);
// By name. Errors: invalid_argument with the valid names.
Result<std::shared_ptr<const ChatTemplate>> find_chat_template(std::string_view name);
std::vector<std::string_view> chat_template_names();

}  // namespace cria::text
