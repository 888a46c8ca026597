#include "conversation.h"

namespace cria::cli {

Conversation::Conversation(Model model, Session session, const ChatOptions& options)
    : model_(std::move(model)),
      session_(std::move(session)),
      settings_(options.generation.generate),
      chat_template_(options.chat_template),
      system_(options.system) {}

Result<GenerateResult> Conversation::say(std::string text, const GenerateOptions& options,
                                         const PieceCallback& on_piece) {
  turns_.push_back({"user", std::move(text)});
  Result<GenerateResult> result = reply(options, on_piece);
  if (turns_.back().role == "user") turns_.pop_back();
  return result;
}

Result<GenerateResult> Conversation::reply_again(const GenerateOptions& options,
                                                 const PieceCallback& on_piece) {
  if (turns_.empty()) {
    return Status(StatusCode::invalid_argument, "there is no message to reply to yet");
  }
  std::vector<ChatMessage> before = turns_;
  if (turns_.back().role == "assistant") turns_.pop_back();
  Result<GenerateResult> result = reply(options, on_piece);
  if (turns_.back().role == "user") turns_ = std::move(before);
  return result;
}

Result<GenerateResult> Conversation::reply(const GenerateOptions& options,
                                           const PieceCallback& on_piece) {
  Result<GenerateResult> result = session_.chat(messages(), options, on_piece, chat_template_);
  ++settings_.sampling.seed;
  const bool stopped_early =
      result.ok() && result->finish == FinishReason::cancelled && result->text.empty();
  if (result.ok() && !stopped_early) turns_.push_back({"assistant", result->text});
  return result;
}

std::vector<ChatMessage> Conversation::messages() const {
  std::vector<ChatMessage> all;
  if (!system_.empty()) all.push_back({"system", system_});
  all.insert(all.end(), turns_.begin(), turns_.end());
  return all;
}

void Conversation::set_messages(std::vector<ChatMessage> messages) {
  system_.clear();
  if (!messages.empty() && messages.front().role == "system") {
    system_ = messages.front().content;
    messages.erase(messages.begin());
  }
  turns_ = std::move(messages);
}

}  // namespace cria::cli
