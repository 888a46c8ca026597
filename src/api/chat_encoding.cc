#include "api/chat_encoding.h"

#include "api/impl.h"
#include "engine/generate.h"

namespace cria::api {

Result<EncodedChat> encode_chat(const model::Vocabulary& vocabulary,
                                const std::vector<ChatMessage>& messages,
                                const GenerateOptions& options, std::string_view template_name) {
  const auto chat_template = find_template(vocabulary, template_name);
  if (!chat_template.ok()) return chat_template.status();
  CRIA_RETURN_IF_ERROR(engine::check(options, vocabulary));
  const std::string mark = options.parse_special ? "" : engine::unused_mark(messages);
  std::vector<ChatMessage> hidden = messages;
  engine::hide_special(*vocabulary.tokenizer, mark, hidden);
  const auto rendered = render_chat(vocabulary, hidden, true, template_name);
  if (!rendered.ok()) return rendered.status();
  auto ids = engine::encode_rendered(vocabulary, *rendered, mark);
  if (!ids.ok()) return ids.status();
  EncodedChat encoded{.ids = *std::move(ids), .stops = {}};
  for (const std::string& end : (*chat_template)->end_of_turn()) {
    if (vocabulary.tokenizer->find_piece(end) < 0) encoded.stops.push_back(end);
  }
  return encoded;
}

}  // namespace cria::api
