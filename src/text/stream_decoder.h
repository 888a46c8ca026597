// Token ids to text, one at a time, never splitting a code point.
#pragma once

#include <string>
#include <string_view>

#include "text/tokenizer.h"

namespace cria::text {

// Thread compatible. The tokenizer outlives it.
class StreamDecoder {
 public:
  // at_text_start: the next token is the first of a text (after BOS), so that a SentencePiece
  // vocabulary's dummy leading space is taken away.
  StreamDecoder(const Tokenizer& tokenizer, bool at_text_start, bool show_control = false);

  // Appends to out the whole code points that are complete now. Bytes that can never become valid
  // UTF-8 become U+FFFD, one for each maximal invalid part (Unicode 15, 3.9, table 3-8), as soon
  // as that is certain. Errors: invalid_argument for an id outside the vocabulary.
  Status push(TokenId id, std::string& out);
  // What is left: an incomplete code point becomes U+FFFD.
  void finish(std::string& out);

 private:
  const Tokenizer& tokenizer_;
  bool strip_space_;
  bool show_control_;
  std::string pending_;  // at most 3 bytes between calls
};

// All ids at once. Bytes come out as they are, valid UTF-8 or not.
Status decode(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool show_control,
              std::string& out);

}  // namespace cria::text
