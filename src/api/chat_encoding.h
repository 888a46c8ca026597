// A conversation as the tokens that a model continues.
#pragma once

#include <string_view>
#include <vector>

#include "cria/session.h"
#include "model/model.h"

namespace cria::api {

struct EncodedChat {
  std::vector<TokenId> ids;
  std::vector<std::string> stops;  // ends of a turn that are no single token of the vocabulary
  int n_dropped_messages = 0;      // the oldest ones that are left out, but for a system message
  int n_head = 0;                  // tokens before the first message that is no system message
};

// Special tokens that a message spells out are plain text unless options.parse_special.
// Errors: as Session::chat.
Result<EncodedChat> encode_chat(const model::Vocabulary& vocabulary,
                                const std::vector<ChatMessage>& messages,
                                const GenerateOptions& options, std::string_view template_name);

// The same for a context of n_ctx tokens that holds `held` already. Where the whole does not fit
// and options.overflow allows it, the oldest exchanges are left out: just those that were before,
// where that still fits, else until a quarter of the context is free (shift) or the reply has some
// room (slide). Errors: context_full where nothing more can be left out.
Result<EncodedChat> encode_chat_into(const model::Vocabulary& vocabulary,
                                     const std::vector<ChatMessage>& messages,
                                     const GenerateOptions& options, std::string_view template_name,
                                     const std::vector<TokenId>& held, int64_t n_ctx);

}  // namespace cria::api
