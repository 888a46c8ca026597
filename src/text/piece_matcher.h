// Finds pieces that are spelt out in a text: special tokens and user-defined pieces.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/vocabulary.h"

namespace cria::text {

// A trie of pieces. Immutable once filled; then safe to share.
class PieceMatcher {
 public:
  // Longer pieces are not taken, so that a hostile vocabulary cannot make every position of a text
  // cost more than this.
  static constexpr size_t kMaxPieceBytes = 1024;

  // False, and nothing is added, where the piece is empty or too long. The first of two equal
  // pieces stays.
  bool add(std::string_view piece, TokenId id);

  struct Match {
    size_t n_bytes = 0;  // 0: no piece begins here
    TokenId id = -1;
  };
  // The longest piece that text begins with.
  Match longest_prefix(std::string_view text) const;

 private:
  struct Node {
    TokenId id = -1;
  };
  static uint64_t edge(uint32_t node, char byte) {
    return uint64_t{node} << 8 | static_cast<unsigned char>(byte);
  }
  std::vector<Node> nodes_{1};
  std::unordered_map<uint64_t, uint32_t> edges_;  // (node, byte) -> node
  std::bitset<256> first_bytes_;                  // most positions end here
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
