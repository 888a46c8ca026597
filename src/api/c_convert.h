// What the parts of the C ABI share: handles that hold C++ ones, and conversions.
#pragma once

#include <vector>

#include "api/c_edge.h"
#include "cria/c.h"
#include "cria/cria.h"

struct cria_model {
  cria::Model model;
};
struct cria_session {
  cria::Session session;
};

namespace cria::api {

inline GenerateOptions options_of(const cria_generate_params* params) {
  GenerateOptions options;
  if (params == nullptr) return options;
  options.max_tokens = params->max_tokens;
  options.parse_special = params->parse_special != 0;
  options.sampling.temperature = params->temperature;
  options.sampling.top_k = params->top_k;
  options.sampling.top_p = params->top_p;
  options.sampling.min_p = params->min_p;
  options.sampling.repeat_penalty = params->repeat_penalty;
  options.sampling.seed = params->seed;
  options.speculation.lookup = params->lookup != 0;
  options.speculation.max_draft = params->max_draft;
  return options;
}

inline PieceCallback callback_of(cria_piece_callback on_piece, void* user) {
  if (on_piece == nullptr) return {};
  return [on_piece, user](std::string_view piece) {
    return on_piece(piece.data(), piece.size(), user) == 0 ? Continue::yes : Continue::no;
  };
}

inline Result<std::vector<ChatMessage>> messages_of(const cria_chat_message* messages,
                                                    size_t n_messages) {
  if (messages == nullptr && n_messages > 0) return missing("messages");
  std::vector<ChatMessage> conversation;
  for (size_t i = 0; i < n_messages; ++i) {
    if (messages[i].role == nullptr || messages[i].content == nullptr) {
      return missing("a message's role or content");
    }
    conversation.push_back({messages[i].role, messages[i].content});
  }
  return conversation;
}

}  // namespace cria::api
