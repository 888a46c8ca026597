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
  candidates_.reserve(static_cast<size_t>(n_vocab));
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
  load(logits);
  if (candidates_.empty()) {
    return Status(StatusCode::internal, "every logit is NaN or -infinity: no token can be chosen");
  }
  if (options_.temperature == 0) return most_likely();
  keep_top_k();
  keep_typical();
  keep_top_p();
  keep_min_p();
  return draw();
}

// The order of all sorting: a total one, so that every C++ library arrives at the same.
bool Sampler::comes_first(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

// All tokens that may be chosen, in order of id.
void Sampler::load(std::span<const float> logits) {
  candidates_.resize(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    candidates_[i] = {static_cast<TokenId>(i), logits[i], 0, 0};
  }
  for (const auto& [id, bias] : options_.logit_bias) {
    candidates_[static_cast<size_t>(id)].logit += bias;
  }
  penalize();
  std::erase_if(candidates_, [](const Candidate& c) { return !(c.logit > -kInfinity); });
  // Infinity would give infinity - infinity later; the largest number stands for it.
  for (Candidate& c : candidates_) c.logit = std::min(c.logit, kLargest);
}

void Sampler::penalize() {
  for (TokenId token : history_) {
    int32_t& count = counts_[static_cast<size_t>(token)];
    if (count < 0) continue;  // done already, see below
    float& logit = candidates_[static_cast<size_t>(token)].logit;
    logit = logit > 0 ? logit / options_.repeat_penalty : logit * options_.repeat_penalty;
    logit -= static_cast<float>(count) * options_.frequency_penalty + options_.presence_penalty;
    count = -count;
  }
  for (TokenId token : history_) {
    int32_t& count = counts_[static_cast<size_t>(token)];
    count = std::abs(count);
  }
}

TokenId Sampler::most_likely() const {
  const auto less = [](const Candidate& a, const Candidate& b) { return a.logit < b.logit; };
  return std::max_element(candidates_.begin(), candidates_.end(), less)->id;  // the first of equals
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

void Sampler::keep_top_k() {
  if (options_.top_k <= 0 || static_cast<size_t>(options_.top_k) >= candidates_.size()) return;
  const auto end = candidates_.begin() + options_.top_k;
  std::nth_element(candidates_.begin(), end - 1, candidates_.end(), comes_first);
  candidates_.erase(end, candidates_.end());
  std::sort(candidates_.begin(), candidates_.end(), comes_first);
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
