// Finds pieces that are spelt out in a text: special tokens and user-defined pieces.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace cria::text {

// A trie of pieces. Immutable once filled; then safe to share.
class PieceMatcher {
 public:
  // Longer pieces are not taken, so that a hostile vocabulary cannot make every position of a text
  // cost more than this.
  static constexpr size_t kMaxPieceBytes = 1024;
  static bool takes(std::string_view piece) {
    return !piece.empty() && piece.size() <= kMaxPieceBytes;
  }

  struct Spelling {
    std::string_view text;
    TokenId id;
  };
  // Replaces what was there; of two equal spellings the first counts. The texts need not outlive
  // the call. Requires: takes() each of them.
  void fill(std::vector<Spelling> spellings);

  struct Match {
    size_t n_bytes = 0;  // 0: no piece begins here
    TokenId id = -1;
  };
  // The longest piece that text begins with.
  Match longest_prefix(std::string_view text) const;

 private:
  // Children follow each other, in the order of their labels.
  struct Node {
    TokenId id = -1;
    uint32_t first_child = 0;
    uint32_t n_children = 0;
  };
  // The child for a byte, or 0.
  uint32_t child(uint32_t node, unsigned char byte) const;

  std::vector<Node> nodes_{1};
  std::vector<unsigned char> labels_{0};  // the byte that leads to each node
  std::bitset<256> first_bytes_;          // most positions end here
};

// A stretch of text, or where id is not -1 the token that its bytes spell.
struct TextPart {
  std::string_view text;
  TokenId id = -1;
};

// text from left to right, cut at the pieces of either matcher; at each position the longest piece
// wins (as in Hugging Face's tokenizers; llama.cpp looks for the longest pieces of the whole text
// first, which differs only where special tokens overlap). A null matcher is none.
std::vector<TextPart> split_at_pieces(std::string_view text, const PieceMatcher* a,
                                      const PieceMatcher* b);

}  // namespace cria::text
