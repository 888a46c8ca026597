// Chats that outlive the program: what `cria chat --session NAME` keeps after every reply.
#pragma once

#include <optional>
#include <string>

#include "conversation.h"
#include "home.h"

namespace cria::cli {

// NAME.json (the messages), NAME.kv (what the session holds) and, in a chat with Al,
// NAME.house.json in $XDG_STATE_HOME/cria/sessions or ~/.local/state/cria/sessions. Each is written
// whole or not at all; the messages are what counts, and what NAME.kv does not give is evaluated
// again.
class KeptChat {
 public:
  // name: one that check_session_name takes.
  explicit KeptChat(const std::string& name);

  // Goes on with what was kept, if anything, and says so on standard error. Errors: corrupt where
  // the messages or the house are there but damaged.
  Status resume(Conversation& conversation, std::optional<Home>& home) const;
  // A file that cannot be written costs a warning, once.
  void keep(Conversation& conversation, const std::optional<Home>& home);

 private:
  Status write(Conversation& conversation, const std::optional<Home>& home) const;

  std::string name_;
  std::string base_;  // "": there is no folder for it
  bool warned_ = false;
};

// "" where name can be that of a file: letters, digits, '-', '_' and '.', not first. Else what is
// wrong.
std::string check_session_name(const std::string& name);

}  // namespace cria::cli
