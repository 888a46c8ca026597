#include "kept_chat.h"

#include <unistd.h>

#include "atomic_file.h"
#include "house/house_json.h"
#include "output.h"
#include "transcript.h"
#include "user_files.h"

namespace cria::cli {
namespace {

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

std::string check_session_name(const std::string& name) {
  constexpr const char* kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  const std::string of_house = ".house";  // NAME.house.json is another chat's house
  const bool is_house = name.size() > of_house.size() &&
                        name.compare(name.size() - of_house.size(), of_house.size(), of_house) == 0;
  const bool fits = !name.empty() && name.size() <= 100 && name[0] != '.' && !is_house &&
                    name.find_first_not_of(kAllowed) == std::string::npos;
  if (fits) return "";
  return "must be a name of letters, digits, '-', '_' and '.', at most 100; found \"" + name + "\"";
}

KeptChat::KeptChat(const std::string& name) : name_(name) {
  const std::string folder = user_folder("XDG_STATE_HOME", ".local/state");
  if (!folder.empty()) base_ = folder + "/cria/sessions/" + name;
}

Status KeptChat::resume(Conversation& conversation, std::optional<Home>& home) const {
  if (base_.empty() || !exists(base_ + ".json")) {
    complain("session " + name_ + ": a new one");
    return Status();
  }
  Result<std::vector<ChatMessage>> messages = load_transcript(base_ + ".json");
  if (!messages.ok()) return messages.status();
  if (home && exists(base_ + ".house.json")) {
    const Result<house::House> house = house::load_house(base_ + ".house.json");
    if (!house.ok()) return house.status();
    home.emplace(*house);
  }
  const size_t n_messages = messages->size();
  const std::string system = conversation.system();
  conversation.set_messages(*std::move(messages));
  if (!system.empty()) conversation.set_system(system);
  const Status restored = conversation.session().restore(base_ + ".kv");
  std::string said = "session " + name_ + ": goes on after " + std::to_string(n_messages) +
                     (n_messages == 1 ? " message, " : " messages, ");
  said += restored.ok() ? std::to_string(conversation.session().tokens().size()) +
                              " tokens need not be evaluated again"
                        : "which are evaluated again";
  complain(said);
  if (!restored.ok() && restored.code() != StatusCode::not_found) {
    complain("note: " + restored.message());
  }
  return Status();
}

Status KeptChat::write(Conversation& conversation, const std::optional<Home>& home) const {
  if (base_.empty()) {
    return Status(StatusCode::io_error, "neither XDG_STATE_HOME nor HOME names a folder for it");
  }
  make_parent_folders(base_);
  Status status = conversation.session().save(base_ + ".kv");
  if (!status.ok()) return status;
  if (home) {
    status = write_file_atomically(base_ + ".house.json", house::house_json(home->house()));
    if (!status.ok()) return status;
  }
  return save_transcript(base_ + ".json", conversation.messages());
}

void KeptChat::keep(Conversation& conversation, const std::optional<Home>& home) {
  const Status status = write(conversation, home);
  if (status.ok() || warned_) return;
  warned_ = true;
  complain("warning: session " + name_ + " is not kept: " + status.message());
}

}  // namespace cria::cli
