// One sequence of tokens with its KV cache, threads and workspace: evaluates, rewinds, knows its
// last logits.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "cria/session.h"
#include "model/model.h"

namespace cria::engine {

// Owns what changes while a model runs; keeps the model alive. For one thread at a time.
class Sequence {
 public:
  // Errors: invalid_argument (field, value, range); out_of_memory with the size.
  static Result<std::unique_ptr<Sequence>> create(std::shared_ptr<const model::Model> model,
                                                  const SessionOptions& options);

  struct EvalOptions {
    const std::function<bool()>* should_cancel = nullptr;
    const std::function<void(int, int)>* on_progress = nullptr;
    // [tokens, n_vocab], or empty: only the last token's logits are computed, into logits().
    std::span<float> all_logits = {};
    const model::InputObserver* observe = nullptr;
  };
  // Appends tokens, in chunks. On any error the sequence is as it was before the call.
  // Errors: context_full (both numbers), invalid_argument for an id outside the vocabulary,
  // cancelled.
  Status eval(std::span<const TokenId> tokens, const EvalOptions& options);

  // Of the last token; empty before the first and after rewind.
  std::span<const float> logits() const;
  const std::vector<TokenId>& tokens() const { return tokens_; }
  Status rewind(int64_t n_tokens);
  // The same with the logits of the last token that stays, which the caller has from all_logits.
  Status rewind(int64_t n_tokens, std::span<const float> logits);

  const model::Model& model() const { return *model_; }
  int n_ctx() const { return n_ctx_; }
  int n_threads() const { return decode_pool_->n_threads(); }
  uint64_t kv_bytes() const { return cache_.size_bytes(); }

 private:
  Sequence() = default;
  Status check(std::span<const TokenId> tokens) const;

  std::shared_ptr<const model::Model> model_;
  int n_ctx_ = 0;
  std::unique_ptr<ThreadPool> decode_pool_;
  std::unique_ptr<ThreadPool> prefill_pool_;  // null: the same threads as for decode
  model::Workspace workspace_;
  ops::KvCache cache_;
  std::vector<TokenId> tokens_;
  std::vector<float> logits_;
  bool has_logits_ = false;
};

}  // namespace cria::engine
