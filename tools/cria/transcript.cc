#include "transcript.h"

#include "atomic_file.h"
#include "house/foreign_json.h"
#include "text_input.h"

namespace cria::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "cria chat";
constexpr int kVersion = 1;

Status corrupt(const std::string& path, const std::string& reason) {
  return Status(StatusCode::corrupt, path + " holds no chat that can be loaded: " + reason);
}

bool is_string(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_string();
}

// The role that message i may have, after those before it.
std::string expected_role(const std::vector<ChatMessage>& before) {
  if (before.empty()) return "system or user";
  return before.back().role == "user" ? "assistant" : "user";
}

bool role_fits(const std::vector<ChatMessage>& before, const std::string& role) {
  if (before.empty()) return role == "system" || role == "user";
  return role == expected_role(before);
}

}  // namespace

Status save_transcript(const std::string& path, const std::vector<ChatMessage>& messages) {
  Json list = Json::array();
  for (const ChatMessage& message : messages) {
    list.push_back({{"role", message.role}, {"content", message.content}});
  }
  const Json chat = {{"format", kFormat}, {"version", kVersion}, {"messages", std::move(list)}};
  return write_file_atomically(path,
                               chat.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Result<std::vector<ChatMessage>> load_transcript(const std::string& path) {
  const Result<std::string> text = read_whole_file(path);
  if (!text.ok()) return text.status();
  const Result<Json> parsed = house::parse_foreign_json(*text);
  if (!parsed.ok()) return corrupt(path, "it " + parsed.status().message());
  const Json& chat = *parsed;
  if (!is_string(chat, "format") || chat["format"] != kFormat ||
      chat.value("version", 0) != kVersion)
    return corrupt(path, "expected \"format\": \"cria chat\" and \"version\": 1");
  if (!chat.contains("messages") || !chat["messages"].is_array()) {
    return corrupt(path, "expected a list \"messages\"");
  }
  std::vector<ChatMessage> messages;
  for (const Json& entry : chat["messages"]) {
    const std::string where = "message " + std::to_string(messages.size());
    if (!is_string(entry, "role") || !is_string(entry, "content")) {
      return corrupt(path, where + " needs the texts \"role\" and \"content\"");
    }
    ChatMessage message{entry["role"].get<std::string>(), entry["content"].get<std::string>()};
    if (!role_fits(messages, message.role)) {
      return corrupt(
          path, where + " has role \"" + message.role + "\", expected " + expected_role(messages));
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace cria::cli
