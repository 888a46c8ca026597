#include "api/chat_encoding.h"

#include <algorithm>

#include "api/impl.h"
#include "base/str_cat.h"
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

namespace {

int64_t n_common(const std::vector<TokenId>& a, const std::vector<TokenId>& b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

// The conversation without its n oldest exchanges.
std::vector<ChatMessage> without_oldest(const std::vector<ChatMessage>& messages, size_t n) {
  const size_t n_head = !messages.empty() && messages[0].role == "system" ? 1 : 0;
  std::vector<ChatMessage> out(messages.begin(), messages.begin() + static_cast<int64_t>(n_head));
  out.insert(out.end(), messages.begin() + static_cast<int64_t>(n_head + 2 * n), messages.end());
  return out;
}

Status too_long(size_t n_tokens, int64_t n_ctx) {
  return Status(StatusCode::context_full, str_cat("the context is full: the conversation has ",
                                                  n_tokens, " tokens, expected at most ", n_ctx,
                                                  "; start a new one or ask for a larger context"));
}

}  // namespace

Result<EncodedChat> encode_chat_into(const model::Vocabulary& vocabulary,
                                     const std::vector<ChatMessage>& messages,
                                     const GenerateOptions& options, std::string_view template_name,
                                     const std::vector<TokenId>& held, int64_t n_ctx) {
  auto whole = encode_chat(vocabulary, messages, options, template_name);
  if (!whole.ok()) return whole;
  const auto size_of = [](const EncodedChat& chat) {
    return static_cast<int64_t>(chat.ids.size());
  };
  const bool may_drop = options.overflow != Overflow::error;
  const int64_t n_most = may_drop ? n_ctx - std::min<int64_t>(64, n_ctx / 8) : n_ctx;
  if (size_of(*whole) > n_most && !may_drop) return too_long(whole->ids.size(), n_ctx);
  if (may_drop) {
    auto other = without_oldest(messages, 0);
    const size_t n_head = !other.empty() && other[0].role == "system" ? 1 : 0;
    other.resize(n_head);
    other.push_back({"user", "\x01"});
    const auto head = encode_chat(vocabulary, other, options, template_name);
    if (head.ok()) whole->n_head = static_cast<int>(n_common(whole->ids, head->ids));
  }
  if (size_of(*whole) <= n_most) return whole;

  const int64_t n_wanted = options.overflow == Overflow::shift ? n_ctx * 3 / 4 : n_most;
  const size_t n_exchanges = messages.size() / 2;
  for (size_t n = 1; n < n_exchanges + messages.size() % 2 && 2 * n < messages.size(); ++n) {
    const std::vector<ChatMessage> later = without_oldest(messages, n);
    if (later.empty() || later.back().role == "system") break;
    auto chat = encode_chat(vocabulary, later, options, template_name);
    if (!chat.ok()) continue;  // a template that wants another order of roles
    const bool goes_on =
        4 * n_common(held, chat->ids) >= 3 * static_cast<int64_t>(held.size()) && !held.empty();
    const bool is_last = 2 * (n + 1) >= messages.size();
    if (size_of(*chat) <= (goes_on || is_last ? n_most : n_wanted)) {
      chat->n_dropped_messages = static_cast<int>(2 * n);
      chat->n_head = whole->n_head;
      return chat;
    }
  }
  return too_long(whole->ids.size(), n_ctx);
}

}  // namespace cria::api
