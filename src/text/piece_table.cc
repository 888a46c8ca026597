#include "text/piece_table.h"

#include <utility>

#include "base/str_cat.h"

namespace cria::text {
namespace {

constexpr uint64_t kMaxPieceBytes = uint64_t{1} << 30;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

int parse_byte_piece(std::string_view piece) {
  if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>') return -1;
  const int high = hex_digit(piece[3]);
  const int low = hex_digit(piece[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

Result<PieceTable> PieceTable::make(VocabularyData& data) {
  if (data.pieces.empty()) return corrupt(data.source_name, ": the vocabulary has no pieces");
  if (data.types.size() != data.pieces.size()) {
    return corrupt(data.source_name, ": ", data.pieces.size(), " pieces but ", data.types.size(),
                   " piece types; each piece needs one");
  }
  uint64_t n_bytes = 0;
  for (const std::string& piece : data.pieces) n_bytes += piece.size() + 1;
  if (n_bytes > kMaxPieceBytes) {
    return unsupported(data.source_name, ": ", n_bytes, " bytes of pieces; the limit is ",
                       kMaxPieceBytes);
  }
  PieceTable table;
  table.pieces_ = std::move(data.pieces);
  table.types_ = std::move(data.types);
  table.special_ = std::move(data.special);
  CRIA_RETURN_IF_ERROR(table.check_types(data.source_name));
  CRIA_RETURN_IF_ERROR(table.check_special(data.source_name));
  table.index_pieces();
  table.index_matchers();
  return table;
}

Status PieceTable::check_types(const std::string& source_name) {
  for (size_t i = 0; i < types_.size(); ++i) {
    const auto type = static_cast<int32_t>(types_[i]);
    if (type < 0 || type > static_cast<int32_t>(PieceType::byte)) {
      return corrupt(source_name, ": piece ", i, " has type ", type, "; types are 0 to 6");
    }
    if (types_[i] == PieceType::byte && parse_byte_piece(pieces_[i]) < 0) {
      return corrupt(source_name, ": piece ", i, " is a byte piece spelt ", quoted(pieces_[i]),
                     "; expected <0x00> to <0xFF>");
    }
  }
  return {};
}

Status PieceTable::check_special(const std::string& source_name) const {
  const std::pair<const char*, TokenId> named[] = {
      {"BOS", special_.bos},     {"EOS", special_.eos},         {"unknown", special_.unk},
      {"padding", special_.pad}, {"end of turn", special_.eot}, {"end of message", special_.eom}};
  for (const auto& [name, id] : named) {
    if (id != -1 && !contains(id)) {
      return corrupt(source_name, ": the ", name, " token is ", id, "; ids are 0 to ",
                     n_vocab() - 1);
    }
  }
  for (const TokenId id : special_.also_stop) {
    if (!contains(id)) {
      return corrupt(source_name, ": a stop token is ", id, "; ids are 0 to ", n_vocab() - 1);
    }
  }
  if (special_.add_bos && special_.bos == -1) {
    return corrupt(source_name, ": a BOS token is to be added, but none is named");
  }
  if (special_.add_eos && special_.eos == -1) {
    return corrupt(source_name, ": an EOS token is to be added, but none is named");
  }
  return {};
}

void PieceTable::index_pieces() {
  index_.fill(pieces_);
  size_t n_duplicates = 0, n_empty = 0;
  size_t first_duplicate = 0;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (pieces_[i].empty()) {
      ++n_empty;
    } else if (is_duplicate(static_cast<TokenId>(i)) && n_duplicates++ == 0) {
      first_duplicate = i;
    }
  }
  if (n_empty > 0) notes_.push_back(str_cat(n_empty, " empty pieces: no text becomes them"));
  if (n_duplicates > 0) {
    const std::string& spelt = pieces_[first_duplicate];
    notes_.push_back(str_cat(n_duplicates, " pieces are spelt as an earlier one (first: piece ",
                             first_duplicate, " as piece ", find(spelt), ", ", quoted(spelt),
                             "): no text becomes them"));
  }
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (types_[i] != PieceType::byte) continue;
    TokenId& id = byte_pieces_[static_cast<size_t>(parse_byte_piece(pieces_[i]))];
    if (id == -1) id = static_cast<TokenId>(i);
  }
}

void PieceTable::index_matchers() {
  size_t n_unmatched = 0;
  std::vector<PieceMatcher::Spelling> control, user;
  for (TokenId id = 0; id < n_vocab(); ++id) {
    const PieceType kind = type(id);
    const bool is_user = kind == PieceType::user_defined;
    if (!is_user && kind != PieceType::control && kind != PieceType::unknown) continue;
    if (PieceMatcher::takes(piece(id))) {
      (is_user ? user : control).push_back({piece(id), id});
    } else if (!piece(id).empty()) {
      ++n_unmatched;
    }
  }
  control_matcher_.fill(std::move(control));
  user_matcher_.fill(std::move(user));
  if (n_unmatched > 0) {
    notes_.push_back(str_cat(n_unmatched, " special pieces are longer than ",
                             PieceMatcher::kMaxPieceBytes, " bytes: no text becomes them"));
  }
}

Status PieceTable::check(TokenId id) const {
  if (contains(id)) return {};
  return invalid_argument("token id ", id, ": this vocabulary has ids 0 to ", n_vocab() - 1);
}

unsigned char PieceTable::byte_value(TokenId id) const {
  return static_cast<unsigned char>(parse_byte_piece(piece(id)));
}

}  // namespace cria::text
