#include "history.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "atomic_file.h"
#include "output.h"
#include "text_input.h"
#include "user_files.h"

namespace cria::cli {
namespace {

constexpr size_t kMaxEntries = 1000;

// One line: backslashes and newlines are escaped.
std::string escaped(const std::string& entry) {
  std::string line;
  for (const char byte : entry) {
    if (byte == '\\' || byte == '\n') line += '\\';
    line += byte == '\n' ? 'n' : byte;
  }
  return line;
}

std::string unescaped(std::string_view line) {
  std::string entry;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool is_escape = line[i] == '\\' && i + 1 < line.size();
    if (is_escape) ++i;
    entry += is_escape && line[i] == 'n' ? '\n' : line[i];
  }
  return entry;
}

}  // namespace

std::string history_path() {
  const std::string folder = user_folder("XDG_STATE_HOME", ".local/state");
  return folder.empty() ? "" : folder + "/cria/history";
}

History::History(std::string path) : path_(std::move(path)) {
  const Status loaded = load();
  if (!loaded.ok()) give_up(loaded);
}

void History::add(const std::string& entry) {
  // A file that cannot be read is not replaced: it may hold more than we know.
  const Status loaded = load();
  if (!loaded.ok()) give_up(loaded);
  entries_.push_back(entry);
  if (entries_.size() > kMaxEntries) {
    entries_.erase(entries_.begin(), entries_.end() - static_cast<std::ptrdiff_t>(kMaxEntries));
  }
  const Status saved = save();
  if (!saved.ok()) give_up(saved);
}

Status History::load() {
  if (path_.empty()) return Status();
  const Result<std::string> text = read_whole_file(path_);
  if (!text.ok()) {
    return text.status().code() == StatusCode::not_found ? Status() : text.status();
  }
  entries_.clear();  // the file holds this chat's as well
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    entries_.push_back(unescaped(line));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return Status();
}

Status History::save() const {
  if (path_.empty()) return Status();
  make_parent_folders(path_);
  std::string text;
  for (const std::string& entry : entries_) text += escaped(entry) + "\n";
  return write_file_atomically(path_, text);
}

void History::give_up(const Status& status) {
  path_.clear();
  complain("warning: the history is not kept: " + status.message());
}

}  // namespace cria::cli
