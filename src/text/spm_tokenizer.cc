// The SentencePiece tokenizer. The sentencepiece library segments; everything that a hostile
// vocabulary or text could turn against it (see library_model) is kept away from it.
#include <sentencepiece_processor.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/str_cat.h"
#include "text/encode_parts.h"
#include "text/piece_table.h"
#include "text/spm_model.h"
#include "text/spm_normalizer.h"
#include "text/tokenizer.h"
#include "text/tokenizer_kinds.h"
#include "text/utf8.h"

namespace cria::text {
namespace {

// The library takes some 140 bytes for each byte of a text while it cuts it into pieces, so a long
// one is given to it in parts of about so many bytes.
constexpr size_t kPartBytes = 4096;

// Does a piece go on across the beginning of a word?
bool spans_words(std::string_view piece) {
  size_t at = piece.find(kSpaceSymbol);
  for (; at != std::string_view::npos; at = piece.find(kSpaceSymbol, at + kSpaceSymbol.size())) {
    if (at > 0 && !piece.substr(0, at).ends_with(kSpaceSymbol)) return true;
  }
  return false;
}

// The library undoes merges of unused pieces recursively, one character a level.
constexpr size_t kMaxUnusedPieceBytes = 1024;

std::string byte_piece_name(unsigned value) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return std::string("<0x") + kDigits[value >> 4] + kDigits[value & 15] + '>';
}

// May the library make this piece out of a text?
bool is_reachable(const PieceTable& table, TokenId id, bool is_unigram) {
  const std::string& piece = table.piece(id);
  const PieceType type = table.type(id);
  if (type != PieceType::normal && type != PieceType::undefined && type != PieceType::unused) {
    return false;
  }
  if (piece.empty() || table.is_duplicate(id) || !is_valid_utf8(piece)) return false;
  if (parse_byte_piece(piece) >= 0) return false;  // the library would take it for the byte
  if (is_unigram && piece.find('\0') != std::string::npos) return false;  // its trie ends at NUL
  return type != PieceType::unused || piece.size() <= kMaxUnusedPieceBytes;
}

// The vocabulary as the library gets it: the same ids, then 256 byte pieces where the vocabulary
// lacks some, then the unknown piece. Traps that this avoids: the library refuses empty and
// duplicate pieces, any number of unknown pieces but one and of byte pieces but 256; it fails on
// a text that spells a control piece of one character; more than 64 user-defined pieces that are
// prefixes of each other overrun its stack; without byte fallback a run of unknown characters
// costs its length squared. So every piece that is not plain text gets a name that no text spells
// (it begins with a byte that UTF-8 never has), and is handled here.
struct LibraryModel {
  SpmModel model;
  std::vector<unsigned char> missing_bytes;  // what the ids from n_vocab on stand for
};

LibraryModel library_model(const PieceTable& table, std::vector<float> scores, bool is_unigram) {
  LibraryModel out;
  VocabularyData& vocab = out.model.vocab;
  const auto add = [&vocab](std::string piece, PieceType type) {
    vocab.pieces.push_back(std::move(piece));
    vocab.types.push_back(type);
  };
  for (TokenId id = 0; id < table.n_vocab(); ++id) {
    const bool is_byte = table.type(id) == PieceType::byte;
    if (is_byte && table.byte_piece(table.byte_value(id)) == id) {
      add(byte_piece_name(table.byte_value(id)), PieceType::byte);
    } else if (is_reachable(table, id, is_unigram)) {
      const bool is_unused = table.type(id) == PieceType::unused;
      add(table.piece(id), is_unused ? PieceType::unused : PieceType::normal);
    } else {
      add(str_cat('\xFF', id), PieceType::control);
    }
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (table.byte_piece(static_cast<unsigned char>(byte)) != -1) continue;
    add(byte_piece_name(byte), PieceType::byte);
    out.missing_bytes.push_back(static_cast<unsigned char>(byte));
  }
  add("\xFFunknown", PieceType::unknown);
  vocab.scores = std::move(scores);
  vocab.scores.resize(vocab.pieces.size(), 0.0f);
  out.model.is_unigram = is_unigram;
  // Texts come normalised.
  vocab.add_space_prefix = false;
  vocab.remove_extra_whitespaces = false;
  out.model.escape_whitespaces = false;
  return out;
}

class SpmTokenizer final : public Tokenizer {
 public:
  SpmTokenizer(PieceTable table, SpmNormalizer normalizer)
      : table_(std::move(table)), normalizer_(std::move(normalizer)) {}

  Status load(std::vector<float> scores, bool is_unigram, std::string_view source_name) {
    LibraryModel library = library_model(table_, std::move(scores), is_unigram);
    missing_bytes_ = std::move(library.missing_bytes);
    max_piece_bytes_ = find_max_piece_bytes();
    for (TokenId id = 0; id < n_vocab(); ++id) {
      const PieceType kind = table_.type(id);
      const bool is_text =
          kind == PieceType::normal || kind == PieceType::undefined || kind == PieceType::unused;
      if (is_text && spans_words(table_.piece(id))) may_cut_ = false;
    }
    const auto status = processor_.LoadFromSerializedProto(write_spm_model(library.model));
    if (status.ok()) return {};
    return corrupt(source_name,
                   ": the sentencepiece library refuses the vocabulary: ", status.ToString());
  }

  Status encode(std::string_view text, const EncodeOptions& options,
                std::vector<TokenId>& out) const override {
    const auto encode_one = [&](std::string_view part, std::vector<TokenId>& ids) {
      const bool continues = options.continues && part.data() == text.data();
      return encode_part(text, part, continues, ids);
    };
    return encode_parts(table_, text, options, nullptr, encode_one, out);
  }

  Status append_piece(TokenId id, bool show_control, std::string& out) const override {
    CRIA_RETURN_IF_ERROR(table_.check(id));
    switch (table_.type(id)) {
      case PieceType::control:
      case PieceType::unknown:
        if (show_control) out += table_.piece(id);
        return {};
      case PieceType::byte:
        out += static_cast<char>(table_.byte_value(id));
        return {};
      default:
        append_unescaped(table_.piece(id), out);
        return {};
    }
  }

  size_t max_piece_bytes() const override { return max_piece_bytes_; }
  bool strips_leading_space() const override { return normalizer_.add_space_prefix; }
  TokenId n_vocab() const override { return table_.n_vocab(); }
  const SpecialTokens& special() const override { return table_.special(); }
  PieceType type(TokenId id) const override {
    return table_.contains(id) ? table_.type(id) : PieceType::undefined;
  }
  TokenId find_piece(std::string_view piece) const override { return table_.find(piece); }
  const std::vector<std::string>& notes() const override { return table_.notes(); }

 private:
  // A space becomes three bytes, and a text may spell U+2581 itself: so a piece's own size bounds
  // its text. Requires: missing_bytes_ is filled.
  size_t find_max_piece_bytes() const {
    const bool joins_unknown = !missing_bytes_.empty() && table_.special().unk != -1;
    if (joins_unknown || normalizer_.may_shrink()) return SIZE_MAX;
    size_t longest = 1;
    for (TokenId id = 0; id < n_vocab(); ++id) {
      if (table_.type(id) != PieceType::byte) longest = std::max(longest, table_.piece(id).size());
    }
    return longest;
  }

  static void append_unescaped(std::string_view piece, std::string& out) {
    for (size_t i = 0; i < piece.size();) {
      const bool is_space = piece.substr(i, kSpaceSymbol.size()) == kSpaceSymbol;
      out += is_space ? ' ' : piece[i];
      i += is_space ? kSpaceSymbol.size() : 1;
    }
  }

  // A text between special tokens. Each one gets its dummy prefix, as llama.cpp does it: after
  // "<s>" spelt out, "Hello" is the same piece as at the start of a text.
  Status encode_part(std::string_view whole, std::string_view part, bool continues,
                     std::vector<TokenId>& out) const {
    std::string normalized;
    normalizer_.run(part, continues, table_.user_matcher(), normalized);
    size_t bad_offset = 0;
    Status status = encode_normalized(normalized, out, bad_offset);
    if (status.code() != StatusCode::unsupported) return status;
    std::string again;
    const size_t start = static_cast<size_t>(part.data() - whole.data());
    const size_t offset =
        normalizer_.run(part, continues, table_.user_matcher(), again, bad_offset);
    return unsupported("byte ", start + offset, " of the text: ", status.message());
  }

  // Cuts at user-defined pieces, which always match, and at bytes that are not UTF-8, of which
  // the library would make U+FFFD; it gets what is between.
  Status encode_normalized(std::string_view text, std::vector<TokenId>& out,
                           size_t& bad_offset) const {
    bool after_unknown = false;
    size_t start = 0;
    size_t i = 0;
    while (i < text.size()) {
      const std::string_view rest = text.substr(i);
      const PieceMatcher::Match user = table_.user_matcher().longest_prefix(rest);
      const Utf8Step step = utf8_step(rest);
      if (user.n_bytes == 0 && step.valid) {
        if (i - start >= kPartBytes && is_cut(text, i)) {
          bad_offset = start;
          CRIA_RETURN_IF_ERROR(
              encode_run(text.substr(start, i - start), out, after_unknown, bad_offset));
          start = i;
        }
        i += step.n_bytes;
        continue;
      }
      bad_offset = start;
      CRIA_RETURN_IF_ERROR(
          encode_run(text.substr(start, i - start), out, after_unknown, bad_offset));
      if (user.n_bytes > 0) {
        out.push_back(user.id);
        after_unknown = false;
      } else {
        bad_offset = i;
        const auto byte = static_cast<unsigned char>(rest[0]);
        CRIA_RETURN_IF_ERROR(append_byte(byte, table_.byte_piece(byte), out, after_unknown));
      }
      i += user.n_bytes > 0 ? user.n_bytes : 1;
      start = i;
    }
    bad_offset = start;
    return encode_run(text.substr(start), out, after_unknown, bad_offset);
  }

  // Does a word begin at text[i], so that no piece lies on both sides and each side becomes the
  // same pieces alone?
  bool is_cut(std::string_view text, size_t i) const {
    return may_cut_ && text.substr(i, kSpaceSymbol.size()) == kSpaceSymbol &&
           !text.substr(0, i).ends_with(kSpaceSymbol);
  }

  // Valid UTF-8 without user-defined pieces. On an error bad_offset has grown to the byte.
  Status encode_run(std::string_view run, std::vector<TokenId>& out, bool& after_unknown,
                    size_t& bad_offset) const {
    if (run.empty()) return {};
    std::vector<int> ids;
    // Before version 0.1.97 the library has a string_view of its own.
    const auto status = processor_.Encode({run.data(), run.size()}, &ids);
    if (!status.ok()) {
      return Status(StatusCode::internal, str_cat("sentencepiece: ", status.ToString()));
    }
    for (const int id : ids) {
      if (id >= 0 && id < n_vocab()) {
        const bool is_byte = table_.type(id) == PieceType::byte;
        bad_offset += is_byte ? 1 : table_.piece(id).size();
        out.push_back(id);
        after_unknown = false;
        continue;
      }
      const auto i_missing = static_cast<size_t>(id) - static_cast<size_t>(n_vocab());
      if (id < 0 || i_missing >= missing_bytes_.size()) {
        return Status(StatusCode::internal, str_cat("sentencepiece gave piece ", id));
      }
      CRIA_RETURN_IF_ERROR(append_byte(missing_bytes_[i_missing], -1, out, after_unknown));
      ++bad_offset;
    }
    return {};
  }

  // A byte's piece, or for a whole run of bytes that have none the unknown token once.
  Status append_byte(unsigned char byte, TokenId id, std::vector<TokenId>& out,
                     bool& after_unknown) const {
    if (id != -1) {
      out.push_back(id);
      after_unknown = false;
      return {};
    }
    const TokenId unknown = table_.special().unk;
    if (unknown == -1) {
      return unsupported("the vocabulary has no piece for byte ", byte_piece_name(byte),
                         " and no unknown token");
    }
    if (!after_unknown) out.push_back(unknown);
    after_unknown = true;
    return {};
  }

  PieceTable table_;
  SpmNormalizer normalizer_;
  sentencepiece::SentencePieceProcessor processor_;
  std::vector<unsigned char> missing_bytes_;
  size_t max_piece_bytes_ = 1;
  bool may_cut_ = true;  // no piece spans words
};

Status check_scores(const SpmModel& model) {
  const VocabularyData& vocab = model.vocab;
  if (vocab.scores.size() != vocab.pieces.size()) {
    return corrupt(vocab.source_name, ": ", vocab.pieces.size(), " pieces but ",
                   vocab.scores.size(), " scores; each piece needs one");
  }
  for (size_t i = 0; i < vocab.scores.size(); ++i) {
    if (!std::isfinite(vocab.scores[i])) {
      return corrupt(vocab.source_name, ": the score of piece ", i, " is not a finite number");
    }
  }
  return {};
}

// Some converters give byte pieces the type "normal": recognised where all 256 are there.
bool retype_byte_pieces(VocabularyData& vocab) {
  std::vector<size_t> spelt;
  std::vector<bool> seen(256, false);
  for (size_t i = 0; i < vocab.pieces.size() && i < vocab.types.size(); ++i) {
    if (vocab.types[i] == PieceType::byte) return false;
    const int byte = parse_byte_piece(vocab.pieces[i]);
    if (byte < 0 || seen[static_cast<size_t>(byte)]) continue;
    seen[static_cast<size_t>(byte)] = true;
    spelt.push_back(i);
  }
  if (spelt.size() < 256) return false;
  for (const size_t i : spelt) vocab.types[i] = PieceType::byte;
  return true;
}

// Finds the unknown token where the metadata does not name it; returns how many there are.
size_t settle_unknown(VocabularyData& vocab) {
  size_t n_unknown = 0;
  for (size_t i = 0; i < vocab.types.size(); ++i) {
    if (vocab.types[i] != PieceType::unknown) continue;
    if (vocab.special.unk == -1) vocab.special.unk = static_cast<TokenId>(i);
    ++n_unknown;
  }
  return n_unknown;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_spm_tokenizer(SpmModel model) {
  VocabularyData& vocab = model.vocab;
  CRIA_RETURN_IF_ERROR(check_scores(model));
  const bool retyped = retype_byte_pieces(vocab);
  const size_t n_unknown = settle_unknown(vocab);
  auto table = PieceTable::make(vocab);
  if (!table.ok()) return table.status();
  auto charsmap = CharsMap::make(model.charsmap, vocab.source_name);
  if (!charsmap.ok()) return charsmap.status();

  std::vector<std::string>& notes = table->notes();
  if (retyped) notes.push_back("256 pieces <0x00> to <0xFF> are not typed as bytes; taken as such");
  if (n_unknown != 1) notes.push_back(str_cat(n_unknown, " unknown pieces; one is usual"));
  size_t n_bytes = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    n_bytes += table->byte_piece(static_cast<unsigned char>(byte)) != -1;
  }
  if (n_bytes != 256) {
    notes.push_back(str_cat(n_bytes,
                            " byte pieces of 256: other bytes of text that no piece "
                            "spells become the unknown token"));
  }
  SpmNormalizer normalizer;
  normalizer.charsmap = std::move(charsmap.value());
  normalizer.escape_whitespaces = model.escape_whitespaces;
  normalizer.remove_extra_whitespaces = vocab.remove_extra_whitespaces;
  normalizer.add_space_prefix = vocab.add_space_prefix;
  auto tokenizer = std::make_unique<SpmTokenizer>(std::move(table.value()), std::move(normalizer));
  CRIA_RETURN_IF_ERROR(
      tokenizer->load(std::move(vocab.scores), model.is_unigram, vocab.source_name));
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

}  // namespace cria::text
