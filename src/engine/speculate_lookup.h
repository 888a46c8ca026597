// Where the last tokens of a text have stood before: what followed then is a guess of what follows
// now. Knows tokens only.
// Source: A. Saxena, "Prompt Lookup Decoding" (2023); chains of positions as in LZ77 compressors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cria/tokenizer.h"

namespace cria::engine {

// A text with an index of its n-grams, kept while tokens are added and taken away at the end. After
// the constructor nothing is allocated while the text fits. Thread compatible.
class NgramIndex {
 public:
  static constexpr int kShortest = 2, kLongest = 4;  // tokens of the n-grams that are looked up
  static constexpr int kMaxMatch = 32;               // that a match is followed backwards

  explicit NgramIndex(int64_t n_ctx);

  void push(TokenId id);
  // Takes away all but the first n_tokens. Requires: n_tokens <= tokens().size().
  void pop_to(int64_t n_tokens);
  // Becomes text, by way of what both begin with.
  void become(std::span<const TokenId> text);
  std::span<const TokenId> tokens() const { return tokens_; }

  // An earlier place whose tokens before `next` are those at the end of the text: the longest match
  // of those looked at, and of equals the latest.
  struct Match {
    int64_t next = 0;  // position of the token that followed
    int length = 0;    // tokens that agree, kShortest to kMaxMatch; 0: there is no such place
  };
  Match find() const;
  // What followed, out.size() tokens. Where the text ends it goes on with the guess itself, so that
  // a period is repeated as often as asked for. Requires: match.length > 0.
  void copy(const Match& match, std::span<TokenId> out) const;

 private:
  // Of one n: the last place of each hash, and for each place the one before it.
  struct Chains {
    std::vector<int32_t> last;
    std::vector<int32_t> before;
  };
  static constexpr int kLengths = kLongest - kShortest + 1;

  int32_t& last_place(int n, int64_t next);
  uint32_t hash(int n, int64_t end) const;
  int match_length(int64_t next) const;

  int n_bits_ = 0;  // of a hash
  std::vector<TokenId> tokens_;
  Chains chains_[kLengths];
};

}  // namespace cria::engine
