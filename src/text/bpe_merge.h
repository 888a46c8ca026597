// The merges of byte-level BPE.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/piece_table.h"

namespace cria::text {

// Immutable once filled; safe to share.
class MergeTable {
 public:
  // merges: "left right", best first; of two equal ones the first counts. Those whose parts or
  // result are no pieces can never happen; n_skipped says how many there are.
  // Errors: corrupt where a merge is not two pieces with a space between.
  Status fill(const PieceTable& table, const std::vector<std::string>& merges,
              std::string_view source_name, size_t& n_skipped);

  // Merges ids in place until no two neighbours can be: the best merge first, of equal ones the
  // leftmost. O(n log n).
  void apply(std::vector<TokenId>& ids) const;

 private:
  friend class MergeRun;
  struct Merge {
    uint32_t rank;
    TokenId result;
  };
  static uint64_t key(TokenId left, TokenId right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  struct KeyHash {
    size_t operator()(uint64_t value) const {
      value *= 0x9E3779B97F4A7C15u;  // the golden ratio's bits spread both ids over the table
      return static_cast<size_t>(value ^ value >> 32);
    }
  };
  const Merge* find(TokenId left, TokenId right) const {
    const auto found = merges_.find(key(left, right));
    return found == merges_.end() ? nullptr : &found->second;
  }

  std::unordered_map<uint64_t, Merge, KeyHash> merges_;
};

}  // namespace cria::text
