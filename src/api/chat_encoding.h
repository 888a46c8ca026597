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
};

// Special tokens that a message spells out are plain text unless options.parse_special.
// Errors: as Session::chat.
Result<EncodedChat> encode_chat(const model::Vocabulary& vocabulary,
                                const std::vector<ChatMessage>& messages,
                                const GenerateOptions& options, std::string_view template_name);

}  // namespace cria::api
