// What was typed in chats, kept from one to the next.
#pragma once

#include <string>
#include <vector>

#include "cria/status.h"

namespace cria::cli {

// $XDG_STATE_HOME/cria/history, or ~/.local/state/cria/history; "" where neither is set.
std::string history_path();

// A file of one entry a line, written whole at each addition so that it is never cut short. A file
// that cannot be written costs a warning, once, and nothing else.
class History {
 public:
  explicit History(std::string path);

  // Several chats may share the file: what the others added is kept.
  void add(const std::string& entry);
  // Of this chat and of earlier ones, oldest first.
  const std::vector<std::string>& entries() const { return entries_; }

 private:
  Status load();
  Status save() const;
  void give_up(const Status& status);

  std::string path_;  // "": kept in memory only
  std::vector<std::string> entries_;
};

}  // namespace cria::cli
