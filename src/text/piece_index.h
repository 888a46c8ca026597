// Finds the pieces of a vocabulary by their spelling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace cria::text {

// A hash table whose buckets are sorted. A file chooses the pieces, so it can choose them to
// collide: then a look-up is a binary search, and no worse. Rejected: a binary search alone
// (840,000 look-ups fill the merges of a large vocabulary), std::unordered_map (its hash has no
// key). Immutable once filled; safe to share.
class PieceIndex {
 public:
  void fill(const std::vector<std::string>& pieces);

  // The first piece spelt so, or -1.
  // Requires: pieces are those that fill got.
  TokenId find(const std::vector<std::string>& pieces, std::string_view piece) const;

 private:
  struct Entry {
    uint32_t hash;
    TokenId id;
  };
  size_t bucket(uint32_t hash) const { return hash & (starts_.size() - 2); }

  std::vector<uint32_t> starts_;  // of each bucket in entries_; a power of two of them, and the end
  std::vector<Entry> entries_;    // a bucket is sorted by hash, spelling and id
};

}  // namespace cria::text
