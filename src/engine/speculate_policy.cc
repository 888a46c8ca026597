#include "engine/speculate_policy.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace cria::engine {
namespace {

// After so many passes a measurement of other rows says little: the context has grown, the machine
// has other things to do. One of a plain pass, which all are compared with, is renewed earlier.
constexpr int64_t kFreshPasses = 256, kFreshPlainPasses = 64;
constexpr int kLeastPlainPasses = 2;  // the first may have found cold caches
// What another row of a pass costs, in plain passes, where nothing was measured: probably (0.24 to
// 0.36 for 1.1 billion weights in q4_0 on two AVX2 cores), and at worst. Where fewer rows were
// measured, this share of what those cost: a tile of rows may cost what its first one does, which
// only trying shows.
constexpr double kCheapRow = 0.3, kDearRow = 1.0;
constexpr double kOptimism = 0.5;
// A gain smaller than this is none.
constexpr double kLeastGain = 1.08;
constexpr double kAllowance = 0.015;  // of each plain pass
constexpr double kMostOnAccount = 8;  // past gains do not pay for endless losses
// Guesses: a record forgets with a half-life of some 20, and begins with what its kind may expect.
constexpr double kForget = 0.97;
constexpr double kFade = 0.995;
constexpr double kExpectationWeight = 2;
constexpr int kFirstOfDraftModel = 5;
constexpr std::array<double, GuessKind::kKinds> kExpected = {
    0.3, 0.45, 0.65, 0.8,  0.9,  // lookup
    0.2, 0.4,  0.6,  0.75, 0.9,  // draft model
    0.6};
// Guesses that come true less often than this together are not looked at.
constexpr double kLeastChance = 0.02;

}  // namespace

void RecentMedian::add(double value) {
  values_[static_cast<size_t>(n_ % kKept)] = value;
  n_ = n_ + 1 < 2 * kKept ? n_ + 1 : kKept;  // the same remainder, without end
  std::array<double, kKept> sorted = {};
  for (int i = 0; i < count(); ++i) {
    auto at = static_cast<size_t>(i);
    for (; at > 0 && sorted[at - 1] > values_[static_cast<size_t>(i)]; --at) {
      sorted[at] = sorted[at - 1];
    }
    sorted[at] = values_[static_cast<size_t>(i)];
  }
  // Of an even number the lower one: disturbance makes slower, never faster.
  median_ = sorted[static_cast<size_t>((count() - 1) / 2)];
}

bool PassCosts::is_fresh(size_t n_rows) const {
  return measured_[n_rows].count() > 0 && n_passes_ - at_pass_[n_rows] <= kFreshPasses;
}

bool PassCosts::known() const {
  return measured_[1].count() >= kLeastPlainPasses && n_passes_ - at_pass_[1] <= kFreshPlainPasses;
}

void PassCosts::add(int n_rows, double seconds) {
  const auto i = static_cast<size_t>(n_rows);
  // Old measurements say nothing: their median must not outvote the new one.
  if (!is_fresh(i)) measured_[i] = {};
  measured_[i].add(seconds);
  at_pass_[i] = ++n_passes_;
  if (measured_[1].count() > 0) estimate();
}

// From the most rows down: a pass takes no longer than one with more rows, so that one disturbed
// measurement is corrected by its neighbours. Linear, since it runs after every pass.
void PassCosts::estimate() {
  std::array<size_t, kSizes> below = {};  // the next measured rows below
  for (size_t i = 2; i < kSizes; ++i) below[i] = i == 2 || is_fresh(i - 1) ? i - 1 : below[i - 1];
  const double one = measured_[1].value();
  double above = std::numeric_limits<double>::infinity();  // of the next measured rows above
  size_t i_above = 0;
  for (size_t i = kSizes - 1; i >= 1; --i) {
    if (i == 1 || is_fresh(i)) {
      above = std::min(above, measured_[i].value());
      i_above = i;
      likely_[i] = at_most_[i] = above;
      continue;
    }
    const double from = std::min(above, measured_[below[i]].value());
    const auto n_more = static_cast<double>(i - below[i]);
    if (i_above > 0) {
      likely_[i] = from + (above - from) * n_more / static_cast<double>(i_above - below[i]);
      at_most_[i] = above;
    } else {
      const auto n_to_below = static_cast<double>(below[i] - 1);
      const double row = below[i] > 1 ? kOptimism * (from - one) / n_to_below : kCheapRow * one;
      likely_[i] = from + n_more * row;
      at_most_[i] = from + n_more * kDearRow * one;
    }
  }
}

GuessKind GuessKind::lookup(int match_length) {
  constexpr int kBounds[] = {3, 4, 8, 16};
  int index = 0;
  for (const int bound : kBounds) index += match_length >= bound ? 1 : 0;
  return {index};
}

GuessKind GuessKind::draft_model(double probability) {
  constexpr double kBounds[] = {0.3, 0.5, 0.7, 0.9};
  int index = kFirstOfDraftModel;
  for (const double bound : kBounds) index += probability >= bound ? 1 : 0;
  return {index};
}

GuessKind GuessKind::any_of_draft_model() { return {10}; }

double SpeculationPolicy::chance(GuessKind kind) const {
  const Record& record = records_[static_cast<size_t>(kind.index)];
  return (record.n_right + kExpectationWeight * kExpected[static_cast<size_t>(kind.index)]) /
         (record.n_guesses + kExpectationWeight);
}

SpeculationPolicy::Plan SpeculationPolicy::plan(std::span<const double> chances,
                                                double seconds_each) const {
  if (always_) return {static_cast<int>(chances.size()), chances.empty() ? 0.0 : 1.0};
  if (!costs_.known()) return {};
  const double one = costs_.of_one();
  Plan best{0, kLeastGain / one};
  double n_expected = 1, all_right = 1;
  for (int n = 1; n <= static_cast<int>(chances.size()); ++n) {
    all_right *= chances[static_cast<size_t>(n - 1)];
    if (all_right < kLeastChance) break;
    n_expected += all_right;
    const double guessing = n * seconds_each;
    if (costs_.at_most(n + 1) + guessing - one > account_ * one) continue;
    const double rate = n_expected / (costs_.likely(n + 1) + guessing);
    if (rate > best.tokens_per_second) best = {n, rate};
  }
  return best;
}

bool SpeculationPolicy::can_bear(double seconds) const {
  return always_ || (costs_.known() && seconds <= account_ * costs_.of_one());
}

void SpeculationPolicy::add_guess(GuessKind kind, bool right) {
  Record& record = records_[static_cast<size_t>(kind.index)];
  record.n_right = kForget * record.n_right + (right ? 1 : 0);
  record.n_guesses = kForget * record.n_guesses + 1;
}

void SpeculationPolicy::fade_draft_model() {
  for (size_t i = kFirstOfDraftModel; i < records_.size(); ++i) {
    records_[i].n_right *= kFade;
    records_[i].n_guesses *= kFade;
  }
}

void SpeculationPolicy::close_plain_pass() {
  if (costs_.known()) account_ = std::min(account_ + kAllowance, kMostOnAccount);
}

void SpeculationPolicy::close_pass(int n_tokens, double seconds) {
  if (!costs_.known()) return;
  account_ = std::min(account_ + n_tokens - seconds / costs_.of_one(), kMostOnAccount);
}

}  // namespace cria::engine
