// Built with -ffp-contract=off. Every sum runs over an order that the logits and ids determine.
// Source: the filters' papers, in the order that other programs of the field apply them.
#include "sample/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "base/mathf.h"
#include "base/str_cat.h"

namespace cria::sample {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();
constexpr double kLeast = -1000;  // whose exp is 0; what lies below need not fit a float
constexpr size_t kMaxReserved = 65536;

Status check_range(std::string_view field, float value, bool is_inside, std::string_view range) {
  if (is_inside && std::isfinite(value)) return {};
  return invalid_argument(field, " is ", value, "; it has to be ", range);
}

Status nothing_to_choose() {
  return Status(StatusCode::internal, "every logit is NaN or -infinity: no token can be chosen");
}

}  // namespace

Status check(const SamplerOptions& o, TokenId n_vocab) {
  const auto in_unit = [](float p) { return p > 0 && p <= 1; };
  CRIA_RETURN_IF_ERROR(check_range("temperature", o.temperature, o.temperature >= 0, "0 or more"));
  CRIA_RETURN_IF_ERROR(check_range("top_p", o.top_p, in_unit(o.top_p), "above 0 and at most 1"));
  CRIA_RETURN_IF_ERROR(
      check_range("typical_p", o.typical_p, in_unit(o.typical_p), "above 0 and at most 1"));
  CRIA_RETURN_IF_ERROR(
      check_range("min_p", o.min_p, o.min_p >= 0 && o.min_p <= 1, "between 0 and 1"));
  CRIA_RETURN_IF_ERROR(
      check_range("repeat_penalty", o.repeat_penalty, o.repeat_penalty > 0, "above 0"));
  CRIA_RETURN_IF_ERROR(check_range("presence_penalty", o.presence_penalty, true, "finite"));
  CRIA_RETURN_IF_ERROR(check_range("frequency_penalty", o.frequency_penalty, true, "finite"));
  if (o.repeat_last_n < -1) {
    return invalid_argument("repeat_last_n is ", o.repeat_last_n, "; it has to be -1 or more");
  }
  for (const auto& [id, bias] : o.logit_bias) {
    if (id < 0 || id >= n_vocab) {
      return invalid_argument("logit_bias has the token ", id, "; ids are 0 to ", n_vocab - 1);
    }
    if (std::isnan(bias)) {
      return invalid_argument("logit_bias of token ", id, " is ", bias, "; it has to be a number");
    }
  }
  return {};
}

Sampler::Sampler(const SamplerOptions& options, TokenId n_vocab)
    : options_(options), n_vocab_(n_vocab), rng_(options.seed) {
  logits_.reserve(static_cast<size_t>(n_vocab));
  candidates_.reserve(static_cast<size_t>(n_candidates()));
  if (!has_penalties()) return;
  counts_.resize(static_cast<size_t>(n_vocab));
  if (options_.repeat_last_n > 0) {
    history_.reserve(std::min(static_cast<size_t>(options_.repeat_last_n), kMaxReserved));
  }
}

bool Sampler::has_penalties() const {
  return options_.repeat_last_n != 0 &&
         (options_.repeat_penalty != 1.0f || options_.presence_penalty != 0.0f ||
          options_.frequency_penalty != 0.0f);
}

void Sampler::accept(TokenId token) {
  if (counts_.empty() || token < 0 || token >= n_vocab_) return;
  ++counts_[static_cast<size_t>(token)];
  const bool is_full =
      options_.repeat_last_n > 0 && history_.size() == static_cast<size_t>(options_.repeat_last_n);
  if (!is_full) {
    history_.push_back(token);
    return;
  }
  --counts_[static_cast<size_t>(history_[oldest_])];
  history_[oldest_] = token;
  oldest_ = (oldest_ + 1) % history_.size();
}

void Sampler::clear_history() {
  for (TokenId token : history_) counts_[static_cast<size_t>(token)] = 0;
  history_.clear();
  oldest_ = 0;
}

Result<TokenId> Sampler::sample(std::span<const float> logits) {
  if (logits.size() != static_cast<size_t>(n_vocab_)) {
    return Status(StatusCode::internal, str_cat("the sampler got ", logits.size(),
                                                " logits for a vocabulary of ", n_vocab_));
  }
  adjust(logits);
  if (options_.temperature == 0) {
    const TokenId token = most_likely();
    return token < 0 ? nothing_to_choose() : Result<TokenId>(token);
  }
  collect();
  if (candidates_.empty()) return nothing_to_choose();
  keep_typical();
  keep_top_p();
  keep_min_p();
  return draw();
}

// The order of all sorting: a total one, so that every C++ library arrives at the same.
bool Sampler::comes_first(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

void Sampler::adjust(std::span<const float> logits) {
  logits_.assign(logits.begin(), logits.end());
  for (const auto& [id, bias] : options_.logit_bias) logits_[static_cast<size_t>(id)] += bias;
  penalize();
}

void Sampler::penalize() {
  for (TokenId token : history_) {
    int32_t& count = counts_[static_cast<size_t>(token)];
    if (count < 0) continue;  // done already, see below
    float& logit = logits_[static_cast<size_t>(token)];
    logit = logit > 0 ? logit / options_.repeat_penalty : logit * options_.repeat_penalty;
    logit -= static_cast<float>(count) * options_.frequency_penalty + options_.presence_penalty;
    count = -count;
  }
  for (TokenId token : history_) {
    int32_t& count = counts_[static_cast<size_t>(token)];
    count = std::abs(count);
  }
}

// The first of the largest; -1 where none is above -infinity.
TokenId Sampler::most_likely() const {
  TokenId best = -1;
  float best_logit = -kInfinity;
  for (size_t i = 0; i < logits_.size(); ++i) {
    if (!(logits_[i] > best_logit)) continue;
    best = static_cast<TokenId>(i);
    best_logit = logits_[i];
  }
  return best;
}

TokenId Sampler::n_candidates() const {
  return options_.top_k > 0 ? std::min(options_.top_k, n_vocab_) : n_vocab_;
}

// Top-k: the tokens that may be chosen, the k largest sorted, or all in order of id. A heap with
// its worst on top costs one comparison for most logits: k = 40 of 128,256 took 0.1 ms on a 2-core
// x86-64 virtual machine, nth_element over all of them 3 ms.
void Sampler::collect() {
  candidates_.clear();
  const auto n_wanted = static_cast<size_t>(n_candidates());
  const bool is_limited = n_wanted < logits_.size();
  float least = -kInfinity;
  for (size_t i = 0; i < logits_.size(); ++i) {
    // Infinity would give infinity - infinity later; the largest number stands for it.
    const float logit = std::min(logits_[i], kLargest);
    if (!(logit > least)) continue;  // worse, or equal with the higher id
    if (candidates_.size() == n_wanted) {
      std::pop_heap(candidates_.begin(), candidates_.end(), comes_first);
      candidates_.pop_back();
    }
    candidates_.push_back({static_cast<TokenId>(i), logit, 0, 0});
    if (!is_limited) continue;
    std::push_heap(candidates_.begin(), candidates_.end(), comes_first);
    if (candidates_.size() == n_wanted) least = candidates_.front().logit;
  }
  if (is_limited) std::sort(candidates_.begin(), candidates_.end(), comes_first);
}

float Sampler::largest_logit() const {
  float largest = -kInfinity;
  for (const Candidate& c : candidates_) largest = std::max(largest, c.logit);
  return largest;
}

// weight = exp((logit - largest) / temperature); returns their sum, which is at least 1.
double Sampler::compute_weights(double temperature) {
  const double largest = largest_logit();
  double sum = 0;
  for (Candidate& c : candidates_) {
    c.weight = exp_f32(static_cast<float>(std::max((c.logit - largest) / temperature, kLeast)));
    sum += c.weight;
  }
  return sum;
}

// Meister et al. 2022: the tokens whose information is nearest to the expected, until their
// probabilities add up to more than typical_p.
void Sampler::keep_typical() {
  if (options_.typical_p >= 1) return;
  const double sum = compute_weights(1);
  const double log_sum = log_f64(sum);
  const double largest = largest_logit();
  const auto information = [&](const Candidate& c) { return log_sum - (c.logit - largest); };
  double entropy = 0;
  for (const Candidate& c : candidates_) entropy += c.weight / sum * information(c);
  for (Candidate& c : candidates_) {
    c.key = static_cast<float>(std::min(std::abs(information(c) - entropy), double{kLargest}));
  }
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    return a.key != b.key ? a.key < b.key : comes_first(a, b);
  });
  double cumulative = 0;
  size_t n_kept = 0;
  while (n_kept < candidates_.size() && cumulative <= options_.typical_p) {
    cumulative += candidates_[n_kept++].weight / sum;
  }
  candidates_.resize(n_kept);
}

// Holtzman et al. 2020: the most likely tokens until their probabilities add up to top_p. Sorts as
// few as that takes, because sorting all of 128,000 would cost more than the rest of a draw.
void Sampler::keep_top_p() {
  if (options_.top_p >= 1) return;
  const double target = options_.top_p * compute_weights(1);
  double cumulative = 0;
  size_t n_kept = 0;
  for (size_t n_sorted = 0; n_kept < candidates_.size() && cumulative < target; ++n_kept) {
    if (n_kept == n_sorted) {
      const size_t n_next = std::min(candidates_.size(), 8 * n_sorted + 64);
      const auto begin = candidates_.begin() + static_cast<ptrdiff_t>(n_sorted);
      std::partial_sort(begin, candidates_.begin() + static_cast<ptrdiff_t>(n_next),
                        candidates_.end(), comes_first);
      n_sorted = n_next;
    }
    cumulative += candidates_[n_kept].weight;
  }
  candidates_.resize(n_kept);
}

// The tokens at least min_p times as likely as the most likely one.
void Sampler::keep_min_p() {
  if (options_.min_p <= 0) return;
  const double least = largest_logit() + log_f64(options_.min_p);
  std::erase_if(candidates_, [&](const Candidate& c) { return c.logit < least; });
}

TokenId Sampler::draw() {
  const double target = rng_.next_unit() * compute_weights(options_.temperature);
  double cumulative = 0;
  TokenId chosen = candidates_.front().id;
  for (const Candidate& c : candidates_) {
    if (c.weight == 0) continue;
    chosen = c.id;
    cumulative += c.weight;
    if (cumulative > target) break;
  }
  return chosen;
}

}  // namespace cria::sample
