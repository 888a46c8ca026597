#include "engine/generation.h"

#include <algorithm>
#include <limits>

#include "base/str_cat.h"

namespace cria::engine {
namespace {

// Stop tokens may not be chosen at all: a bias of minus infinity on each.
SamplingOptions effective_sampling(const GenerateOptions& options,
                                   const model::Vocabulary& vocabulary) {
  SamplingOptions sampling = options.sampling;
  if (options.ignore_eos) {
    for (const TokenId id : vocabulary.stop_tokens) {
      sampling.logit_bias.emplace_back(id, -std::numeric_limits<float>::infinity());
    }
  }
  return sampling;
}

// Whether a token that stands for piece takes the reply on its way to one of those.
bool leads_to(std::string_view piece, const std::vector<Continuation>& continuations) {
  return std::any_of(continuations.begin(), continuations.end(), [&](const Continuation& one) {
    return std::string_view(one.text).starts_with(piece) ||
           (one.open && piece.starts_with(one.text));
  });
}

}  // namespace

Status ReplyText::push(TokenId id, Next& next) {
  decoded_.clear();
  CRIA_RETURN_IF_ERROR(decoder_.push(id, decoded_));
  next = show(decoded_);
  return {};
}

ReplyText::Next ReplyText::finish() {
  decoded_.clear();
  decoder_.finish(decoded_);
  const Next next = show(decoded_);
  if (next == Next::stop_text) return next;
  shown_.clear();
  stop_text_.finish(shown_);
  return deliver() ? next : Next::cancelled;
}

ReplyText::Next ReplyText::show(std::string_view text) {
  shown_.clear();
  const bool stopped = stop_text_.push(text, shown_);
  const bool wanted = deliver();
  return stopped ? Next::stop_text : wanted ? Next::go_on : Next::cancelled;
}

bool ReplyText::deliver() {
  if (shown_.empty()) return true;
  text_ += shown_;
  return !on_piece_ || on_piece_(shown_) == Continue::yes;
}

Generation::Generation(const model::Model& model, const GenerateOptions& options,
                       const PieceCallback& on_piece, bool at_text_start)
    : model_(model),
      options_(options),
      sampler_(effective_sampling(options, *model.vocabulary),
               model.vocabulary->tokenizer->n_vocab()),
      text_(*model.vocabulary->tokenizer, at_text_start, options, on_piece, result_.text) {}

void Generation::accept(std::span<const TokenId> tokens) {
  for (const TokenId id : tokens) sampler_.accept(id);
}

int64_t Generation::n_left() const {
  return options_.max_tokens < 0 ? INT64_MAX : options_.max_tokens - result_.n_generated;
}

Result<std::span<const float>> Generation::constrained(std::span<const float> logits) {
  const Continuations may_follow = options_.continuations(bytes_);
  if (!may_follow) return logits;
  const bool may_stop = std::any_of(may_follow->begin(), may_follow->end(),
                                    [](const Continuation& one) { return one.text.empty(); });
  allowed_.assign(logits.size(), -std::numeric_limits<float>::infinity());
  std::string piece;
  bool any = false;
  for (TokenId id = 0; id < static_cast<TokenId>(logits.size()); ++id) {
    piece.clear();
    CRIA_RETURN_IF_ERROR(model_.vocabulary->tokenizer->append_piece(id, false, piece));
    const bool fits = model_.vocabulary->is_stop(id)
                          ? may_stop && !options_.ignore_eos
                          : !piece.empty() && leads_to(piece, *may_follow);
    if (!fits) continue;
    allowed_[static_cast<size_t>(id)] = logits[static_cast<size_t>(id)];
    any = true;
  }
  if (any) return std::span<const float>(allowed_);
  return Status(StatusCode::invalid_argument,
                str_cat("continuations: no token begins one of the ", may_follow->size(),
                        " texts that may follow the reply's ", bytes_.size(), " bytes"));
}

Result<Generation::Step> Generation::next(std::span<const float> logits, bool context_full) {
  const auto ended = [&](FinishReason reason) {
    result_.finish = reason;
    return Step{};
  };
  if (n_left() <= 0) return ended(FinishReason::max_tokens);
  if (options_.should_cancel && options_.should_cancel()) return ended(FinishReason::cancelled);
  if (options_.continuations) {
    const auto allowed = constrained(logits);
    if (!allowed.ok()) return allowed.status();
    logits = *allowed;
  }
  const auto id = sampler_.sample(logits);
  if (!id.ok() && logits.data() == allowed_.data()) {
    return Status(
        StatusCode::invalid_argument,
        str_cat("continuations: no token that may follow can be chosen: ", id.status().message()));
  }
  if (!id.ok()) {
    return corrupt(model_.path, ": the weights give no usable logits: ", id.status().message(),
                   "; download or convert the model again");
  }
  if (!options_.ignore_eos && model_.vocabulary->is_stop(*id)) {
    return ended(FinishReason::stop_token);
  }
  sampler_.accept(*id);
  ++result_.n_generated;
  if (options_.continuations) {
    CRIA_RETURN_IF_ERROR(model_.vocabulary->tokenizer->append_piece(*id, false, bytes_));
  }
  ReplyText::Next next = ReplyText::Next::go_on;
  CRIA_RETURN_IF_ERROR(text_.push(*id, next));
  if (context_full) {
    return ended(next == ReplyText::Next::stop_text ? FinishReason::stop_text
                 : n_left() <= 0                    ? FinishReason::max_tokens
                                                    : FinishReason::context_full);
  }
  if (next == ReplyText::Next::go_on) return Step{*id, false};
  ended(next == ReplyText::Next::stop_text ? FinishReason::stop_text : FinishReason::cancelled);
  return Step{*id, true};
}

void Generation::finish() {
  if (result_.finish == FinishReason::stop_text || result_.finish == FinishReason::cancelled)
    return;
  if (text_.finish() == ReplyText::Next::stop_text) result_.finish = FinishReason::stop_text;
}

}  // namespace cria::engine
