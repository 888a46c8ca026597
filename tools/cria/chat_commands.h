// What can be typed in a chat besides messages: /help, /set, /save and so on.
#pragma once

#include <optional>
#include <string>

#include "conversation.h"
#include "history.h"
#include "home.h"
#include "kept_chat.h"
#include "output.h"

namespace cria::cli {

// One chat.
struct Chat {
  Conversation conversation;
  History history;
  Output out;
  Stats stats = Stats::automatic;
  std::optional<Home> home;  // in a chat with Al
  std::optional<KeptChat> kept;
};

enum class AfterCommand { read_on, reply_again, leave };

// True for lines that start with a slash. (A message may start with a space and then a slash.)
bool is_chat_command(const std::string& line);

// Does what line says; mistakes are said on standard error. reply_again: the caller is to do so.
AfterCommand run_chat_command(Chat& chat, const std::string& line);

}  // namespace cria::cli
