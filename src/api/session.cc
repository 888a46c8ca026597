#include "cria/session.h"

#include <algorithm>

#include "api/chat_encoding.h"
#include "api/guard.h"
#include "api/impl.h"
#include "engine/generate.h"
#include "engine/session_file.h"

namespace cria {

const char* kv_type_name(KvType type) {
  switch (type) {
    case KvType::f16:
      return "f16";
    case KvType::f32:
      return "f32";
    case KvType::q8_0:
      return "q8_0";
    case KvType::q4_0:
      return "q4_0";
  }
  return "unknown";
}

const char* finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop_token:
      return "stop_token";
    case FinishReason::stop_text:
      return "stop_text";
    case FinishReason::max_tokens:
      return "max_tokens";
    case FinishReason::context_full:
      return "context_full";
    case FinishReason::cancelled:
      return "cancelled";
  }
  return "unknown";
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<GenerateResult> Session::generate(std::string_view prompt, const GenerateOptions& options,
                                         const PieceCallback& on_piece) {
  return api::guard([&]() -> Result<GenerateResult> {
    const auto ids = engine::encode_prompt(*impl_->sequence, prompt, options.parse_special);
    if (!ids.ok()) return ids.status();
    return engine::generate(*impl_->sequence, *ids, options, on_piece, impl_->speculator.get());
  });
}

Result<GenerateResult> Session::generate_tokens(const std::vector<TokenId>& prompt,
                                                const GenerateOptions& options,
                                                const PieceCallback& on_piece) {
  return api::guard([&] {
    return engine::generate(*impl_->sequence, prompt, options, on_piece, impl_->speculator.get());
  });
}

namespace {

// How many of ids the sequence holds already, leaving at least one to evaluate.
int64_t n_shared_prefix(const std::vector<TokenId>& held, const std::vector<TokenId>& ids) {
  const auto differs = std::mismatch(held.begin(), held.end(), ids.begin(), ids.end());
  const auto n_shared = static_cast<int64_t>(differs.second - ids.begin());
  return std::min(n_shared, static_cast<int64_t>(ids.size()) - 1);
}

}  // namespace

Result<GenerateResult> Session::chat(const std::vector<ChatMessage>& messages,
                                     const GenerateOptions& options, const PieceCallback& on_piece,
                                     std::string_view template_name) {
  return api::guard([&]() -> Result<GenerateResult> {
    engine::Sequence& sequence = *impl_->sequence;
    auto encoded = api::encode_chat(*sequence.model().vocabulary, messages, options, template_name);
    if (!encoded.ok()) return encoded.status();
    std::vector<TokenId>& ids = encoded->ids;
    if (static_cast<int64_t>(ids.size()) > sequence.n_ctx()) {
      return Status(StatusCode::context_full,
                    str_cat("the context is full: the conversation has ", ids.size(),
                            " tokens, expected at most ", sequence.n_ctx(),
                            "; start a new one or ask for a larger context"));
    }
    GenerateOptions with_stops = options;
    with_stops.stop.insert(with_stops.stop.end(), encoded->stops.begin(), encoded->stops.end());
    const int64_t n_reused = std::max<int64_t>(0, n_shared_prefix(sequence.tokens(), ids));
    CRIA_RETURN_IF_ERROR(sequence.rewind(n_reused));
    const auto n_prompt = static_cast<int>(ids.size());
    ids.erase(ids.begin(), ids.begin() + n_reused);
    auto result = engine::generate(sequence, ids, with_stops, on_piece, impl_->speculator.get());
    if (result.ok()) {
      result->n_reused = static_cast<int>(n_reused);
      result->n_prompt = n_prompt;
    }
    return result;
  });
}

Status Session::append(const std::vector<TokenId>& tokens) {
  return api::guard([&] { return impl_->sequence->eval(tokens, {}); });
}

std::span<const float> Session::logits() const { return impl_->sequence->logits(); }
const std::vector<TokenId>& Session::tokens() const { return impl_->sequence->tokens(); }
int Session::n_ctx() const { return impl_->sequence->n_ctx(); }
int Session::n_threads() const { return impl_->sequence->n_threads(); }
int64_t Session::kv_bytes() const {
  return static_cast<int64_t>(impl_->sequence->kv_bytes() + impl_->speculator->kv_bytes());
}

Status Session::rewind(int n_tokens) {
  return api::guard([&] { return impl_->sequence->rewind(n_tokens); });
}

Status Session::save(const std::string& path) {
  return api::guard([&] { return engine::save_sequence(*impl_->sequence, path); });
}

Status Session::restore(const std::string& path) {
  return api::guard([&] { return engine::restore_sequence(path, *impl_->sequence); });
}

}  // namespace cria
