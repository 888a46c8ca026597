// What SentencePiece does to a text before it is cut into pieces: the character map, spaces, the
// dummy prefix. Ours and not the library's, because a hostile map makes the library read out of
// bounds, and because bytes that are not UTF-8 must come through unchanged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"
#include "text/piece_matcher.h"

namespace cria::text {

// precompiled_charsmap: a trie of replacements. Immutable; safe to share.
// Source: format u32 trie bytes, double-array trie (darts-clone units), NUL-ended replacements.
class CharsMap {
 public:
  // "" is the identity. Every state that a text can reach is checked, so that look-ups need no
  // checks. Errors: corrupt with the offset inside the map.
  static Result<CharsMap> make(std::string_view precompiled, std::string_view source_name);

  bool is_identity() const { return units_.empty(); }

  // Consumes the longest prefix of text that has a replacement; 0 where none has.
  size_t longest_prefix(std::string_view text, std::string_view& replacement) const;

 private:
  std::vector<uint32_t> units_;
  std::string replacements_;
};

// Normalises one stretch of text between special tokens. Immutable; safe to share.
struct SpmNormalizer {
  CharsMap charsmap;
  bool escape_whitespaces = true;
  bool remove_extra_whitespaces = false;
  bool add_space_prefix = true;

  // May a text come out shorter than it went in? False only where that is certain.
  bool may_shrink() const { return remove_extra_whitespaces || !charsmap.is_identity(); }

  // Fills out, which must be empty. Pieces of user_defined come through as they are, and so do
  // bytes that are not UTF-8. Stops once out is longer than max_bytes, and returns where in text
  // the last step began: so that an offset in out can be found again in text.
  // continues: text goes on from earlier text. It gets no dummy prefix, and where extra spaces go,
  // one at its start stays: it may be what parts the two.
  size_t run(std::string_view text, bool continues, const PieceMatcher& user_defined,
             std::string& out, size_t max_bytes = SIZE_MAX) const;
};

inline constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581

}  // namespace cria::text
