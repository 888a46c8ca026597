#include "cria/session.h"

#include <algorithm>

#include "api/chat_encoding.h"
#include "api/guard.h"
#include "api/impl.h"
#include "engine/beam_search.h"
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

const char* overflow_name(Overflow overflow) {
  switch (overflow) {
    case Overflow::error:
      return "error";
    case Overflow::shift:
      return "shift";
    case Overflow::slide:
      return "slide";
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
    const auto ids = engine::encode_prompt(*impl_->sequence, prompt, options.parse_special,
                                           options.overflow != Overflow::error);
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

int64_t n_common(std::span<const TokenId> a, std::span<const TokenId> b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

// Where the sequence holds ids but for a part in the middle (a conversation without its oldest
// exchanges), that part is dropped, so that what follows it need not be evaluated again.
Status drop_what_is_left_out(engine::Sequence& sequence, const std::vector<TokenId>& ids,
                             int64_t n_shared, GenerateResult& counts) {
  const auto rest = std::span<const TokenId>(ids).subspan(static_cast<size_t>(n_shared));
  if (sequence.n_released() > 0) return {};
  int64_t best = 0, n_dropped = 0;
  for (int64_t n = 1; n_shared + n < static_cast<int64_t>(sequence.tokens().size()); ++n) {
    const auto later =
        std::span<const TokenId>(sequence.tokens()).subspan(static_cast<size_t>(n_shared + n));
    const int64_t n_same = n_common(later, rest);
    if (n_same > best) {
      best = n_same;
      n_dropped = n;
    }
  }
  if (best < ops::kKvPage) return {};
  counts.n_dropped += static_cast<int>(n_dropped);
  return sequence.drop(n_shared, n_dropped);
}

}  // namespace

Result<GenerateResult> Session::chat(const std::vector<ChatMessage>& messages,
                                     const GenerateOptions& options, const PieceCallback& on_piece,
                                     std::string_view template_name) {
  return api::guard([&]() -> Result<GenerateResult> {
    engine::Sequence& sequence = *impl_->sequence;
    auto encoded = api::encode_chat_into(*sequence.model().vocabulary, messages, options,
                                         template_name, sequence.tokens(), sequence.n_ctx());
    if (!encoded.ok()) return encoded.status();
    std::vector<TokenId>& ids = encoded->ids;
    GenerateOptions own_options = options;
    own_options.stop.insert(own_options.stop.end(), encoded->stops.begin(), encoded->stops.end());
    if (options.overflow != Overflow::error) own_options.n_keep = encoded->n_head;
    GenerateResult counts;
    if (encoded->n_dropped_messages > 0) {
      CRIA_RETURN_IF_ERROR(
          drop_what_is_left_out(sequence, ids, n_common(sequence.tokens(), ids), counts));
    }
    // At least one token is left to evaluate.
    const int64_t n_shared =
        std::min(n_common(sequence.tokens(), ids), static_cast<int64_t>(ids.size()) - 1);
    const int64_t n_reused = sequence.rewindable(std::max<int64_t>(0, n_shared));
    CRIA_RETURN_IF_ERROR(sequence.rewind(n_reused));
    const auto n_prompt = static_cast<int>(ids.size());
    ids.erase(ids.begin(), ids.begin() + n_reused);
    auto result = engine::generate(sequence, ids, own_options, on_piece, impl_->speculator.get());
    if (result.ok()) {
      result->n_reused = static_cast<int>(n_reused);
      result->n_prompt = n_prompt;
      result->n_dropped += counts.n_dropped;
      result->n_dropped_messages = encoded->n_dropped_messages;
    }
    return result;
  });
}

Result<std::vector<Beam>> Session::beam_search(std::string_view prompt,
                                               const BeamOptions& options) {
  return api::guard([&]() -> Result<std::vector<Beam>> {
    const auto ids = engine::encode_prompt(*impl_->sequence, prompt, options.parse_special);
    if (!ids.ok()) return ids.status();
    return engine::beam_search(*impl_->sequence, *ids, options);
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
