#include "engine/speculate_lookup.h"

#include <algorithm>
#include <bit>

namespace cria::engine {
namespace {

constexpr int32_t kNone = -1;
// Places with the same hash that are looked at: most texts have no more that would be longer, and
// one of a single repeated token has thousands.
constexpr int kMaxPlaces = 8;
constexpr uint64_t kOddMultiplier = 0x9E3779B97F4A7C15;  // 2^64 over the golden ratio

}  // namespace

NgramIndex::NgramIndex(int64_t n_ctx) {
  const auto n = static_cast<size_t>(std::max<int64_t>(n_ctx, 2));
  n_bits_ = std::bit_width(n - 1);
  tokens_.reserve(n);
  for (Chains& chains : chains_) {
    chains.last.assign(size_t{1} << n_bits_, kNone);
    chains.before.reserve(n);
  }
}

uint32_t NgramIndex::hash(int n, int64_t end) const {
  uint64_t sum = 0;
  for (int64_t i = end - n; i < end; ++i) {
    sum = (sum + static_cast<uint32_t>(tokens_[static_cast<size_t>(i)]) + 1) * kOddMultiplier;
  }
  return static_cast<uint32_t>(sum >> (64 - n_bits_));
}

// Of the n-gram before `next`.
int32_t& NgramIndex::last_place(int n, int64_t next) {
  return chains_[n - kShortest].last[hash(n, next)];
}

// An n-gram is entered when the token after it is known, so that find() never finds the end itself.
void NgramIndex::push(TokenId id) {
  const auto next = static_cast<int64_t>(tokens_.size());
  for (int n = kShortest; n <= kLongest; ++n) {
    std::vector<int32_t>& before = chains_[n - kShortest].before;
    before.push_back(kNone);
    if (next < n) continue;
    int32_t& last = last_place(n, next);
    before.back() = last;
    last = static_cast<int32_t>(next);
  }
  tokens_.push_back(id);
}

// The steps of push() backwards.
void NgramIndex::pop_to(int64_t n_tokens) {
  for (auto next = static_cast<int64_t>(tokens_.size()) - 1; next >= n_tokens; --next) {
    for (int n = kShortest; n <= kLongest; ++n) {
      std::vector<int32_t>& before = chains_[n - kShortest].before;
      if (next >= n) last_place(n, next) = before.back();
      before.pop_back();
    }
    tokens_.pop_back();
  }
}

void NgramIndex::become(std::span<const TokenId> text) {
  const auto differs = std::mismatch(tokens_.begin(), tokens_.end(), text.begin(), text.end());
  const auto n_shared = static_cast<int64_t>(differs.first - tokens_.begin());
  pop_to(n_shared);
  for (const TokenId id : text.subspan(static_cast<size_t>(n_shared))) push(id);
}

int NgramIndex::match_length(int64_t next) const {
  const auto end = static_cast<int64_t>(tokens_.size());
  const auto most = static_cast<int>(std::min<int64_t>(kMaxMatch, next));
  int length = 0;
  while (length < most && tokens_[static_cast<size_t>(next - 1 - length)] ==
                              tokens_[static_cast<size_t>(end - 1 - length)]) {
    ++length;
  }
  return length;
}

NgramIndex::Match NgramIndex::find() const {
  const auto end = static_cast<int64_t>(tokens_.size());
  for (int n = kLongest; n >= kShortest; --n) {
    if (end < n) continue;
    const Chains& chains = chains_[n - kShortest];
    Match best;
    int32_t place = chains.last[hash(n, end)];
    for (int i = 0; i < kMaxPlaces && place != kNone && best.length < kMaxMatch; ++i) {
      const int length = match_length(place);
      if (length >= n && length > best.length) best = {place, length};
      place = chains.before[static_cast<size_t>(place)];
    }
    if (best.length > 0) return best;
  }
  return {};
}

void NgramIndex::copy(const Match& match, std::span<TokenId> out) const {
  const auto n_known = static_cast<int64_t>(tokens_.size()) - match.next;
  for (size_t i = 0; i < out.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    out[i] = at < n_known ? tokens_[static_cast<size_t>(match.next + at)]
                          : out[static_cast<size_t>(at - n_known)];
  }
}

}  // namespace cria::engine
