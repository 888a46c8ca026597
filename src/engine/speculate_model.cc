#include "engine/speculate_model.h"

#include <algorithm>
#include <string>

#include "base/mathf.h"
#include "base/str_cat.h"

namespace cria::engine {
namespace {

Status other_vocabulary(const model::Model& target, const model::Model& draft,
                        std::string_view what) {
  return invalid_argument("draft model ", draft.path, ": ", what,
                          "; it has to have the vocabulary of ", target.path, ", token by token");
}

}  // namespace

Status check_same_vocabulary(const model::Model& target, const model::Model& draft) {
  const text::Tokenizer& wanted = *target.vocabulary->tokenizer;
  const text::Tokenizer& found = *draft.vocabulary->tokenizer;
  if (found.n_vocab() != wanted.n_vocab() || draft.config.n_vocab != target.config.n_vocab) {
    return other_vocabulary(
        target, draft,
        str_cat("found ", draft.config.n_vocab, " tokens, expected ", target.config.n_vocab));
  }
  std::string wanted_piece, found_piece;
  for (TokenId id = 0; id < wanted.n_vocab(); ++id) {
    wanted_piece.clear();
    found_piece.clear();
    CRIA_RETURN_IF_ERROR(wanted.append_piece(id, true, wanted_piece));
    CRIA_RETURN_IF_ERROR(found.append_piece(id, true, found_piece));
    if (found_piece == wanted_piece && found.type(id) == wanted.type(id)) continue;
    return other_vocabulary(
        target, draft,
        str_cat("token ", id, " is \"", found_piece, "\", expected \"", wanted_piece, "\"",
                found_piece == wanted_piece ? " of another kind" : ""));
  }
  return {};
}

Result<std::unique_ptr<DraftModel>> DraftModel::create(std::shared_ptr<const model::Model> draft,
                                                       const Sequence& target,
                                                       const SessionOptions& options) {
  CRIA_RETURN_IF_ERROR(check_same_vocabulary(target.model(), *draft));
  std::unique_ptr<DraftModel> made(new DraftModel);
  made->relative_size_ = static_cast<double>(draft->weights.size_bytes) /
                         static_cast<double>(std::max<int64_t>(
                             1, static_cast<int64_t>(target.model().weights.size_bytes)));
  SessionOptions of_draft = options;
  of_draft.n_ctx = target.n_ctx();
  const std::string path = draft->path;
  auto sequence = Sequence::create(std::move(draft), of_draft);
  if (!sequence.ok()) {
    return Status(sequence.status().code(),
                  str_cat("draft model ", path, ": ", sequence.status().message()));
  }
  made->sequence_ = std::move(*sequence);
  return made;
}

int64_t DraftModel::n_shared(std::span<const TokenId> text) const {
  const std::vector<TokenId>& held = sequence_->tokens();
  const auto differs = std::mismatch(held.begin(), held.end(), text.begin(), text.end());
  return differs.first - held.begin();
}

int64_t DraftModel::n_missing(std::span<const TokenId> text) const {
  // The last token is evaluated again where it is there already: its logits may be another's.
  const auto n_text = static_cast<int64_t>(text.size());
  return n_text - std::min(n_shared(text), n_text - 1);
}

Status DraftModel::follow(std::span<const TokenId> text,
                          const std::function<bool()>& should_cancel) {
  const int64_t n_kept = sequence_->rewindable(static_cast<int64_t>(text.size()) - n_missing(text));
  CRIA_RETURN_IF_ERROR(sequence_->rewind(n_kept));
  return sequence_->eval(text.subspan(static_cast<size_t>(n_kept)),
                         {.should_cancel = &should_cancel});
}

DraftModel::Guess DraftModel::guess() const {
  const std::span<const float> logits = sequence_->logits();
  const auto best = std::max_element(logits.begin(), logits.end());
  // What lies further below counts for little, and most of a vocabulary does: a guess about a
  // guess.
  constexpr float kNegligible = 10;
  double sum = 0;
  for (const float logit : logits) {
    if (*best - logit < kNegligible) sum += exp_f32(logit - *best);
  }
  return {static_cast<TokenId>(best - logits.begin()), sum > 0 ? 1 / sum : 0};
}

}  // namespace cria::engine
