// The pieces of a vocabulary after the checks that every kind of tokenizer needs.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"
#include "text/piece_index.h"
#include "text/piece_matcher.h"
#include "text/vocabulary.h"

namespace cria::text {

// Immutable once made; safe to share.
class PieceTable {
 public:
  // Takes pieces, types and special out of data; its other fields stay as they are.
  // Errors: corrupt where there is no piece, a type is missing or unknown, a special id is no
  // piece, or a byte piece is not "<0x" two hex digits ">"; unsupported beyond 1 GiB of pieces.
  static Result<PieceTable> make(VocabularyData& data);

  TokenId n_vocab() const { return static_cast<TokenId>(pieces_.size()); }
  bool contains(TokenId id) const { return id >= 0 && id < n_vocab(); }
  // Requires: contains(id).
  const std::string& piece(TokenId id) const { return pieces_[static_cast<size_t>(id)]; }
  PieceType type(TokenId id) const { return types_[static_cast<size_t>(id)]; }
  // Errors: invalid_argument with the range.
  Status check(TokenId id) const;

  // The first piece spelt so, or -1.
  TokenId find(std::string_view piece) const { return index_.find(pieces_, piece); }
  // True where an earlier piece is spelt the same: this one can never come out of a text.
  bool is_duplicate(TokenId id) const { return find(piece(id)) != id; }
  // The byte piece of a byte, or -1.
  TokenId byte_piece(unsigned char byte) const { return byte_pieces_[byte]; }
  // Requires: type(id) is byte.
  unsigned char byte_value(TokenId id) const;

  const SpecialTokens& special() const { return special_; }
  // Control and unknown pieces: found in a text only where the caller asks for it.
  const PieceMatcher& control_matcher() const { return control_matcher_; }
  // User-defined pieces: always found.
  const PieceMatcher& user_matcher() const { return user_matcher_; }

  std::vector<std::string>& notes() { return notes_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  PieceTable() { byte_pieces_.fill(-1); }
  Status check_types(const std::string& source_name);
  Status check_special(const std::string& source_name) const;
  void index_pieces();
  void index_matchers();

  std::vector<std::string> pieces_;
  std::vector<PieceType> types_;
  SpecialTokens special_;
  PieceIndex index_;
  std::array<TokenId, 256> byte_pieces_;
  PieceMatcher control_matcher_;
  PieceMatcher user_matcher_;
  std::vector<std::string> notes_;
};

// The value of "<0x41>", or -1 where piece is not spelt so.
int parse_byte_piece(std::string_view piece);

}  // namespace cria::text
