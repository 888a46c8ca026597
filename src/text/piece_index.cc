#include "text/piece_index.h"

#include <algorithm>
#include <bit>

namespace cria::text {
namespace {

uint32_t hash_of(std::string_view piece) {
  uint64_t value = piece.size();
  for (const char c : piece) value = value * 31 + static_cast<unsigned char>(c);
  return static_cast<uint32_t>(value * 0x9E3779B97F4A7C15u >> 32);  // the golden ratio's bits
}

}  // namespace

void PieceIndex::fill(const std::vector<std::string>& pieces) {
  starts_.assign(std::bit_ceil(pieces.size() + 1) + 1, 0);
  std::vector<uint32_t> hashes;
  hashes.reserve(pieces.size());
  for (const std::string& piece : pieces) {
    hashes.push_back(hash_of(piece));
    ++starts_[bucket(hashes.back()) + 1];
  }
  for (size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  std::vector<uint32_t> next(starts_.begin(), starts_.end() - 1);
  entries_.resize(pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) {
    entries_[next[bucket(hashes[i])]++] = {hashes[i], static_cast<TokenId>(i)};
  }
  const auto before = [&pieces](const Entry& a, const Entry& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    const int order = pieces[static_cast<size_t>(a.id)].compare(pieces[static_cast<size_t>(b.id)]);
    return order != 0 ? order < 0 : a.id < b.id;
  };
  for (size_t i = 0; i + 1 < starts_.size(); ++i) {
    if (starts_[i + 1] - starts_[i] < 2) continue;
    std::sort(entries_.begin() + starts_[i], entries_.begin() + starts_[i + 1], before);
  }
}

TokenId PieceIndex::find(const std::vector<std::string>& pieces, std::string_view piece) const {
  if (entries_.empty()) return -1;
  const uint32_t hash = hash_of(piece);
  const size_t i_bucket = bucket(hash);
  const auto end = entries_.begin() + starts_[i_bucket + 1];
  const auto found = std::lower_bound(entries_.begin() + starts_[i_bucket], end, hash,
                                      [&](const Entry& entry, uint32_t wanted) {
                                        if (entry.hash != wanted) return entry.hash < wanted;
                                        return pieces[static_cast<size_t>(entry.id)] < piece;
                                      });
  const bool is_found =
      found != end && found->hash == hash && pieces[static_cast<size_t>(found->id)] == piece;
  return is_found ? found->id : -1;
}

}  // namespace cria::text
