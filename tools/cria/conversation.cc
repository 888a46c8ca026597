#include "conversation.h"

#include <algorithm>

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
  size_t n_before = std::min(window_.value_or(turns_.size()), turns_.size() / 2);
  const auto ask = [&] {
    return session_.chat(last_messages(n_before), options, on_piece, chat_template_);
  };
  Result<GenerateResult> result = ask();
  while (window_ && n_before > 0 && result.status().code() == StatusCode::context_full) {
    --n_before;
    result = ask();
  }
  ++settings_.sampling.seed;
  const bool stopped_early =
      result.ok() && result->finish == FinishReason::cancelled && result->text.empty();
  if (result.ok() && !stopped_early) turns_.push_back({"assistant", result->text});
  return result;
}

std::vector<ChatMessage> Conversation::messages() const { return last_messages(turns_.size()); }

// n_exchanges pairs and, where one has come since, the user's last message.
std::vector<ChatMessage> Conversation::last_messages(size_t n_exchanges) const {
  const size_t n_turns = std::min(turns_.size(), 2 * n_exchanges + turns_.size() % 2);
  std::vector<ChatMessage> all;
  if (!system_.empty()) all.push_back({"system", system_});
  all.insert(all.end(), turns_.end() - static_cast<std::ptrdiff_t>(n_turns), turns_.end());
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
