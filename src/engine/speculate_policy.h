// How many guessed tokens are worth evaluating: from how many came true and what passes took, as
// measured. Decides about speed, never about tokens.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace cria::engine {

// The most tokens that are guessed at once.
inline constexpr int kMaxGuesses = 64;

// The median of the last few measurements: one that was disturbed does not count.
class RecentMedian {
 public:
  void add(double value);
  int count() const { return n_ < kKept ? n_ : kKept; }
  // Requires: count() > 0.
  double value() const { return median_; }

 private:
  static constexpr int kKept = 5;
  std::array<double, kKept> values_ = {};
  int n_ = 0;
  double median_ = 0;
};

// What a pass of the model takes by its number of rows (tokens). Rows that were not measured lately
// are estimated from their neighbours. Requires: 1 <= n_rows <= kMaxGuesses + 1.
class PassCosts {
 public:
  void add(int n_rows, double seconds);
  // Whether a plain pass was measured, and lately.
  bool known() const;
  double of_one() const { return likely(1); }
  // Unmeasured rows are taken to be cheap, so that they are tried.
  double likely(int n_rows) const { return likely_[static_cast<size_t>(n_rows)]; }
  // The same for those who cannot afford a surprise.
  double at_most(int n_rows) const { return at_most_[static_cast<size_t>(n_rows)]; }

 private:
  static constexpr size_t kSizes = kMaxGuesses + 2;
  bool is_fresh(size_t n_rows) const;
  void estimate();

  int64_t n_passes_ = 0;
  std::array<RecentMedian, kSizes> measured_ = {};
  std::array<int64_t, kSizes> at_pass_ = {};  // when it was measured last
  std::array<double, kSizes> likely_ = {}, at_most_ = {};
};

// Kinds of guesses, each with its own record: a lookup by the length of its match, a draft model by
// how sure it is; and the draft model's guesses before they are made.
struct GuessKind {
  int index = 0;
  static GuessKind lookup(int match_length);
  static GuessKind draft_model(double probability);
  static GuessKind any_of_draft_model();
  static constexpr int kKinds = 11;
};

// Keeps an account of time won and lost, in units of a plain pass: a pass with guesses is made only
// where the account can bear that all of them are wrong. It starts at one unit and gets a small
// share of every plain pass, so generation loses a few hundredths at most, however bad the guesses
// are, and is tried again now and then. Allocates nothing.
class SpeculationPolicy {
 public:
  // The chance that a guess of this kind is right.
  double chance(GuessKind kind) const;
  // How many of the guesses are worth evaluating, if they are right with these chances, each given
  // that those before it are, and making one takes seconds_each.
  struct Plan {
    int n_guesses = 0;             // 0: a plain pass is better
    double tokens_per_second = 0;  // to be expected
  };
  Plan plan(std::span<const double> chances, double seconds_each) const;
  // Whether what brings nothing by itself but takes so long (a draft model reads what it missed)
  // can be borne on top.
  bool can_bear(double seconds) const;

  void add_guess(GuessKind kind, bool right);
  // The draft model was not asked: its record loses weight, so that it gets another chance.
  void fade_draft_model();
  // A pass of the model alone.
  void add_pass(int n_rows, double seconds) { costs_.add(n_rows, seconds); }
  // A plain pass without guessing is done.
  void close_plain_pass();
  // A pass and the guessing before it took so long and brought so many tokens.
  void close_pass(int n_tokens, double seconds);

  const PassCosts& costs() const { return costs_; }
  double account() const { return account_; }
  // For tests: every guess is evaluated.
  void set_always() { always_ = true; }

 private:
  struct Record {
    double n_right = 0, n_guesses = 0;  // older ones count less
  };
  PassCosts costs_;
  std::array<Record, GuessKind::kKinds> records_ = {};
  double account_ = 1;
  bool always_ = false;
};

}  // namespace cria::engine
