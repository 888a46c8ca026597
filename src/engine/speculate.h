// Speculative decoding: tokens are guessed ahead, and the model checks several of them in one pass.
// A guess is taken only where it is the very token that was chosen from the model's own logits, so
// the tokens are those of plain decoding, sampled ones too.
// Source: Leviathan et al. 2023 and Chen et al. 2023. For a guess without chance of its own (a
// point mass) their rejection rule is this: choose as ever, and see whether it was the guess.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "base/aligned_buffer.h"
#include "engine/sequence.h"
#include "engine/speculate_lookup.h"
#include "engine/speculate_model.h"
#include "engine/speculate_policy.h"

namespace cria::engine {

// What a session keeps for it from one generation to the next. For one thread at a time.
class Speculator {
 public:
  // draft: the draft model, or null. options: those that target was made with. Takes memory for a
  // draft model only. Errors: as DraftModel::create.
  static Result<std::unique_ptr<Speculator>> create(const Sequence& target,
                                                    std::shared_ptr<const model::Model> draft,
                                                    const SessionOptions& options);

  // Whether these options ask for guesses that can be made here.
  bool wanted(const SpeculationOptions& options) const;
  // Takes what memory they need and follows the target's text. Errors: out_of_memory.
  Status prepare(const Sequence& target, const SpeculationOptions& options);

  uint64_t kv_bytes() const { return draft_ ? draft_->kv_bytes() : 0; }
  SpeculationPolicy& policy() { return policy_; }

 private:
  friend class Lookahead;
  Speculator() = default;

  SpeculationPolicy policy_;
  std::unique_ptr<NgramIndex> index_;  // of the text: what the target holds
  std::unique_ptr<DraftModel> draft_;
  AlignedBuffer rows_;           // [most guesses + 1, n_vocab]: logits of a pass
  RecentMedian draft_seconds_;   // of one guess by the draft model
  int64_t n_without_draft_ = 0;  // tokens since the draft model was asked last
};

// The text of one generation: what the sequence holds, without guesses that are not confirmed. Ask
// for logits(), choose a token from them, advance() by it, and so on.
class Lookahead {
 public:
  // speculator: null, or prepared with these options; both must outlive this. Without one it is
  // just the sequence.
  Lookahead(Sequence& sequence, Speculator* speculator, const GenerateOptions& options);
  // However it ends, the sequence holds the text and nothing else.
  ~Lookahead() { settle(); }
  Lookahead(const Lookahead&) = delete;
  Lookahead& operator=(const Lookahead&) = delete;

  // Of the text's last token. Valid until advance or settle.
  std::span<const float> logits() const;
  int64_t n_tokens() const;

  // Adds a token, which has to fit. n_wanted: how many more the text may get after it, at most.
  // Errors: as Sequence::eval; the text is then as before.
  Status advance(TokenId id, int64_t n_wanted);
  // Drops what is not confirmed; the sequence's own logits are then those of the text.
  void settle();

  int n_drafted() const { return n_drafted_; }
  int n_accepted() const { return n_accepted_; }

 private:
  // A list of guesses that begins with the text's next token.
  struct Guesses {
    std::array<TokenId, kMaxGuesses> ids = {};
    std::array<GuessKind, kMaxGuesses> kinds = {};
    std::array<double, kMaxGuesses> chances = {};
    int n = 0;
    bool by_model = false;
  };

  bool confirm(TokenId id);
  int guess(int n_most);
  SpeculationPolicy::Plan guess_by_lookup(int n_most);
  SpeculationPolicy::Plan plan_of_model(int n_most);
  int guess_by_model(int n_most);
  void append(TokenId id, GuessKind kind);
  double seconds_of_guess() const;
  bool is_stop(TokenId id) const;
  Status evaluate(TokenId id, int n_guesses);
  std::span<float> rows(int first, int n) const;

  Sequence& sequence_;
  Speculator* speculator_;
  const GenerateOptions& options_;
  Guesses guesses_;
  int n_evaluated_ = 0;   // of the guesses; the sequence holds them
  int n_confirmed_ = 0;   // of those
  bool is_open_ = false;  // a pass has been made and not been closed
  double seconds_ = 0;    // of that pass and its guessing, as the policy is to count them
  int n_drafted_ = 0, n_accepted_ = 0;
};

}  // namespace cria::engine
