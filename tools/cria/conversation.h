// The messages of a chat and the session that answers them. Knows nothing of terminals.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cria/model.h"
#include "options.h"

namespace cria::cli {

class Conversation {
 public:
  Conversation(Model model, Session session, const ChatOptions& options);

  // Adds the user's message and the reply to it. Where there is no reply (an error, or a stop
  // before its first word) the conversation is as before. Errors: as Session::chat.
  Result<GenerateResult> say(std::string text, const GenerateOptions& options,
                             const PieceCallback& on_piece);
  // Replaces the last reply. Errors: invalid_argument where there is none; as say.
  Result<GenerateResult> reply_again(const GenerateOptions& options, const PieceCallback& on_piece);

  // From now on a reply sees the last n exchanges before its message, and fewer where they do not
  // fit into the context. Without this call it sees all, and too many are an error.
  void set_window(size_t n_exchanges) { window_ = n_exchanges; }

  // All but the system message and the settings.
  void clear() { turns_.clear(); }

  const std::string& system() const { return system_; }
  void set_system(std::string text) { system_ = std::move(text); }
  // The system message, if any, and the turns.
  std::vector<ChatMessage> messages() const;
  // Requires: as load_transcript checks.
  void set_messages(std::vector<ChatMessage> messages);

  const Model& model() const { return model_; }
  const Session& session() const { return session_; }
  Session& session() { return session_; }
  // Of the next reply. The seed moves on by one with each.
  GenerateOptions& settings() { return settings_; }
  const GenerateOptions& settings() const { return settings_; }
  const std::string& chat_template() const { return chat_template_; }

 private:
  Result<GenerateResult> reply(const GenerateOptions& options, const PieceCallback& on_piece);
  std::vector<ChatMessage> last_messages(size_t n_exchanges) const;

  Model model_;
  Session session_;
  GenerateOptions settings_;
  std::string chat_template_;
  std::string system_;
  std::vector<ChatMessage> turns_;  // user and assistant in turn
  std::optional<size_t> window_;
};

}  // namespace cria::cli
