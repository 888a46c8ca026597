// The merges of byte-level BPE.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
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
    TokenId right;
    uint32_t rank;
    TokenId result;
  };
  void sort_into_rows(size_t n_vocab, const std::vector<TokenId>& lefts,
                      const std::vector<Merge>& unsorted);
  // Null where the two never merge. Requires: both are pieces.
  const Merge* find(TokenId left, TokenId right) const;

  // Rows instead of a hash table: a file chooses the merges, so it could choose them to collide.
  std::vector<uint32_t> row_starts_;  // a row for each left piece, and the end
  std::vector<Merge> merges_;         // a row is sorted by right and rank
};

}  // namespace cria::text
