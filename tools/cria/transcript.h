// A conversation as a JSON file: {"format": "cria chat", "version": 1, "messages": [{"role",
// "content"}]}. The messages are those of the usual chat interfaces.
#pragma once

#include <string>
#include <vector>

#include "cria/status.h"
#include "cria/tokenizer.h"

namespace cria::cli {

// Errors: io_error.
Status save_transcript(const std::string& path, const std::vector<ChatMessage>& messages);

// Errors: not_found, io_error; corrupt where the file is not such a conversation: at most one
// system message, first; then user and assistant in turn.
Result<std::vector<ChatMessage>> load_transcript(const std::string& path);

}  // namespace cria::cli
