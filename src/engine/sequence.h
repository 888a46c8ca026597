// One sequence of tokens with its pages of keys and values: evaluates, rewinds, knows its last
// logits.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "cria/session.h"
#include "engine/engine.h"

namespace cria::engine {

// Keeps its engine alive. For one thread at a time, together with all sequences of its engine.
// Of a model with a sliding window, pages that no later token will see are given back; kRewindSlack
// tokens more stay, so that guesses and ends of replies can be taken back.
class Sequence {
 public:
  static constexpr int64_t kRewindSlack = 256;
  // Tokens whose pages a sequence of at most n_ctx holds at most at any time.
  static int64_t most_held(const model::Config& config, int64_t n_ctx, int64_t n_chunk);

  // On an engine of its own, whose pages hold just n_ctx tokens.
  // Errors: invalid_argument (field, value, range); out_of_memory with the size.
  static Result<std::unique_ptr<Sequence>> create(std::shared_ptr<const model::Model> model,
                                                  const SessionOptions& options);
  static std::unique_ptr<Sequence> create(std::shared_ptr<Engine> engine, int n_ctx);
  ~Sequence();

  struct EvalOptions {
    const std::function<bool()>* should_cancel = nullptr;
    const std::function<void(int, int)>* on_progress = nullptr;
    // [tokens, n_vocab], or empty: only the last token's logits are computed, into logits().
    std::span<float> all_logits = {};
    const model::InputObserver* observe = nullptr;
  };
  // Appends tokens, in chunks. On any error the sequence is as it was before the call.
  // Errors: context_full (both numbers), invalid_argument for an id outside the vocabulary,
  // cancelled, out_of_memory where no page is left.
  Status eval(std::span<const TokenId> tokens, const EvalOptions& options);

  // Sees to logits() where tokens are held without, as after rewind: the last one is evaluated
  // again, which writes the bits that stand there (after drop(): those that it has now). On any
  // error the tokens are as before. Errors: as eval.
  Status refresh_logits(const std::function<bool()>* should_cancel);

  // The same as a part of a batch: check, prepare, slice (for Engine::forward), commit.
  Status check(std::span<const TokenId> tokens) const;
  Status check_ids(std::span<const TokenId> tokens) const;
  // Sees to pages for n_tokens more that nobody else holds. False: none is left; nothing is lost.
  bool prepare(int64_t n_tokens);
  model::Slice slice(std::span<const TokenId> tokens, model::LogitsFor logits_for) const;
  // What was evaluated belongs to it from now on. logits [n_vocab]: of the last one, or empty.
  void commit(std::span<const TokenId> tokens, std::span<const float> logits);

  // Begins an empty sequence with the longest prefix of tokens that the engine keeps, but leaves at
  // least one token to evaluate. Returns its length.
  int64_t adopt_prefix(std::span<const TokenId> tokens);
  // Makes it what another sequence of this engine is, by holding the same pages; a page is copied
  // when one of them writes to it.
  void share(const Sequence& other);
  // Drops everything, but leaves its prefix with the engine.
  void leave();

  // Makes it what another sequence was: tokens, the last one's logits (or none) and the bytes of
  // its pages, but for those of the first n_released tokens. Errors: invalid_argument,
  // context_full; out_of_memory where no page is left. The sequence is then as it was.
  Status replace(std::span<const TokenId> tokens, std::span<const float> logits,
                 std::span<const std::byte> page_bytes, int64_t n_released);

  // Of the last token; empty before the first and after rewind.
  std::span<const float> logits() const;
  const std::vector<TokenId>& tokens() const { return tokens_; }
  // -1: given back.
  std::span<const int32_t> pages() const { return pages_; }
  // The first position that a token after n_tokens sees.
  int64_t first_seen(int64_t n_tokens) const;
  // Tokens at the front whose pages are given back: whole pages.
  int64_t n_released() const { return n_released_; }
  // Forgets all but the first n_tokens. Errors: invalid_argument where it holds fewer, or where the
  // sliding window has left behind what the next token would see.
  Status rewind(int64_t n_tokens);
  // n_tokens where it can be rewound to that, else 0.
  int64_t rewindable(int64_t n_tokens) const;
  // The same with the logits of the last token that stays, which the caller has from all_logits.
  Status rewind(int64_t n_tokens, std::span<const float> logits);

  // Forgets tokens [first, first + n) from the middle; later ones move up, see ops::move_back. What
  // it holds from then on is no prefix for others. Errors: invalid_argument, also where
  // n_released() > 0; out_of_memory where a page that others hold too cannot be copied.
  Status drop(int64_t first, int64_t n);
  // The same with the n_released() first tokens, which nothing sees anyway.
  Status drop_released();

  Engine& engine() { return *engine_; }
  const std::shared_ptr<Engine>& engine_handle() const { return engine_; }
  const model::Model& model() const { return engine_->model(); }
  int n_ctx() const { return n_ctx_; }
  int n_threads() const { return engine_->n_threads(); }
  uint64_t kv_bytes() const { return engine_->pool().size_bytes(); }

 private:
  class Undo;
  Sequence(std::shared_ptr<Engine> engine, int n_ctx);
  void drop_pages_after(int64_t n_tokens);
  void release_unseen();
  bool own_pages_from(size_t i_page);
  void leave_prefix(bool with_partial);

  std::shared_ptr<Engine> engine_;
  int n_ctx_ = 0;
  bool may_undo_ = false;             // an evaluation is under way
  std::vector<int32_t> left_behind_;  // pages that it has released, while it may be undone
  std::vector<int32_t> pages_;
  int64_t n_released_ = 0;
  std::vector<TokenId> tokens_;
  std::vector<float> logits_;
  bool has_logits_ = false;
  bool is_exact_ = true;  // the pages hold what an evaluation of the tokens gives
};

}  // namespace cria::engine
