#include "cria/tokenizer.h"

#include "api/guard.h"
#include "api/impl.h"
#include "text/stream_decoder.h"

namespace cria {
namespace api {

Result<std::shared_ptr<const text::ChatTemplate>> find_template(const model::Vocabulary& vocabulary,
                                                                std::string_view template_name) {
  if (!template_name.empty()) return text::find_chat_template(template_name);
  return vocabulary.chat_template;
}

Result<std::string> render_chat(const model::Vocabulary& vocabulary,
                                const std::vector<ChatMessage>& messages,
                                bool add_generation_prompt, std::string_view template_name) {
  const auto chat_template = find_template(vocabulary, template_name);
  if (!chat_template.ok()) return chat_template.status();
  const text::SpecialTokens& special = vocabulary.tokenizer->special();
  const std::string bos = vocabulary.token_text(special.bos);
  const std::string eos = vocabulary.token_text(special.eos);
  std::string text;
  CRIA_RETURN_IF_ERROR((*chat_template)
                           ->render(messages,
                                    {.bos_token = bos,
                                     .eos_token = eos,
                                     .add_generation_prompt = add_generation_prompt,
                                     .date = {}},
                                    text));
  return text;
}

}  // namespace api

Result<Tokenizer> Tokenizer::open(const std::string& path) {
  return api::guard([&]() -> Result<Tokenizer> {
    auto vocabulary = model::open_vocabulary(path);
    if (!vocabulary.ok()) return vocabulary.status();
    return Tokenizer(std::make_shared<Impl>(Impl{std::move(*vocabulary)}));
  });
}

Result<std::vector<TokenId>> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  return api::guard([&]() -> Result<std::vector<TokenId>> {
    std::vector<TokenId> ids;
    CRIA_RETURN_IF_ERROR(impl_->vocabulary->tokenizer->encode(text, options, ids));
    return ids;
  });
}

Result<std::string> Tokenizer::decode(const std::vector<TokenId>& ids, bool show_control) const {
  return api::guard([&]() -> Result<std::string> {
    std::string text;
    CRIA_RETURN_IF_ERROR(text::decode(*impl_->vocabulary->tokenizer, ids, show_control, text));
    return text;
  });
}

Result<std::string> Tokenizer::piece(TokenId id) const {
  return api::guard([&]() -> Result<std::string> {
    std::string text;
    CRIA_RETURN_IF_ERROR(impl_->vocabulary->tokenizer->append_piece(id, true, text));
    return text;
  });
}

TokenId Tokenizer::n_vocab() const { return impl_->vocabulary->tokenizer->n_vocab(); }
TokenId Tokenizer::bos() const { return impl_->vocabulary->tokenizer->special().bos; }
TokenId Tokenizer::eos() const { return impl_->vocabulary->tokenizer->special().eos; }

TokenId Tokenizer::find_piece(std::string_view piece) const {
  return impl_->vocabulary->tokenizer->find_piece(piece);
}

bool Tokenizer::is_stop(TokenId id) const { return impl_->vocabulary->is_stop(id); }

Result<std::string> Tokenizer::chat_template_name() const {
  return api::guard([&]() -> Result<std::string> {
    const auto& chat_template = impl_->vocabulary->chat_template;
    if (!chat_template.ok()) return chat_template.status();
    return std::string((*chat_template)->name());
  });
}

Result<std::string> Tokenizer::render_chat(const std::vector<ChatMessage>& messages,
                                           bool add_generation_prompt,
                                           std::string_view template_name) const {
  return api::guard([&] {
    return api::render_chat(*impl_->vocabulary, messages, add_generation_prompt, template_name);
  });
}

std::vector<std::string> Tokenizer::chat_template_names() {
  const std::vector<std::string_view> names = text::chat_template_names();
  return {names.begin(), names.end()};
}

const std::vector<std::string>& Tokenizer::notes() const {
  return impl_->vocabulary->tokenizer->notes();
}

}  // namespace cria
