// A smaller model that guesses what a larger one of the same vocabulary will choose.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "engine/sequence.h"

namespace cria::engine {

// Errors: invalid_argument unless both have the same number of tokens, each with the same text and
// kind. A model that speaks in other ids would guess nonsense.
Status check_same_vocabulary(const model::Model& target, const model::Model& draft);

// A sequence of the draft model that follows a text. For one thread at a time.
class DraftModel {
 public:
  // options: those of the target's sequence, with its n_ctx. Errors: as check_same_vocabulary and
  // Sequence::create, the draft model's path named.
  static Result<std::unique_ptr<DraftModel>> create(std::shared_ptr<const model::Model> draft,
                                                    const Sequence& target,
                                                    const SessionOptions& options);

  // Tokens at the end of text that were not evaluated yet; at least 1.
  int64_t n_missing(std::span<const TokenId> text) const;
  // Forgets what text does not begin with, and evaluates what is missing. Errors: as
  // Sequence::eval.
  Status follow(std::span<const TokenId> text, const std::function<bool()>& should_cancel);

  struct Guess {
    TokenId id = -1;
    double probability = 0;  // what the draft model gives it
  };
  // The likeliest next token. Requires: follow or go_on was ok.
  Guess guess() const;
  // Takes a guess for right.
  Status go_on(TokenId id) { return sequence_->eval({&id, 1}, {}); }

  uint64_t kv_bytes() const { return sequence_->kv_bytes(); }
  // The weights that a token reads, over those of the target: a first idea of what a guess costs.
  double relative_size() const { return relative_size_; }

 private:
  DraftModel() = default;
  int64_t n_shared(std::span<const TokenId> text) const;

  std::unique_ptr<Sequence> sequence_;
  double relative_size_ = 1;
};

}  // namespace cria::engine
