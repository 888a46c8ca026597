// The byte-level BPE tokenizer: a text's bytes become letters of GPT-2's alphabet, cut by a
// pre-tokenizer, then merged.
#include <algorithm>
#include <array>
#include <utility>

#include "base/str_cat.h"
#include "text/bpe_merge.h"
#include "text/encode_parts.h"
#include "text/piece_table.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"
#include "text/tokenizer_kinds.h"
#include "text/utf8.h"

namespace cria::text {
namespace {

// GPT-2's alphabet: printable Latin-1 stands for itself, the other 68 bytes for U+0100 onwards.
constexpr uint32_t kAlphabetEnd = 0x100 + 68;

struct ByteAlphabet {
  std::array<uint16_t, 256> letters{};        // byte -> code point
  std::array<int16_t, kAlphabetEnd> bytes{};  // code point -> byte, or -1

  constexpr ByteAlphabet() {
    for (int16_t& byte : bytes) byte = -1;
    uint16_t next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
      letters[byte] = printable ? static_cast<uint16_t>(byte) : next++;
      bytes[letters[byte]] = static_cast<int16_t>(byte);
    }
  }
};
constexpr ByteAlphabet kAlphabet;

std::string spell(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) append_utf8(kAlphabet.letters[static_cast<unsigned char>(c)], out);
  return out;
}

class BpeTokenizer final : public Tokenizer {
 public:
  BpeTokenizer(PieceTable table, PreTokenizer pre, bool ignore_merges)
      : table_(std::move(table)), pre_(std::move(pre)), ignore_merges_(ignore_merges) {}

  Status load(const std::vector<std::string>& merges, std::string_view source_name) {
    size_t n_skipped = 0;
    CRIA_RETURN_IF_ERROR(merges_.fill(table_, merges, source_name, n_skipped));
    std::vector<std::string>& notes = table_.notes();
    if (n_skipped > 0) {
      notes.push_back(str_cat(n_skipped, " merges name pieces that do not exist; left out"));
    }
    if (!pre_.note().empty()) notes.emplace_back(pre_.note());
    size_t n_missing = 0;
    for (unsigned value = 0; value < 256; ++value) {
      const auto byte = static_cast<unsigned char>(value);
      const char text = static_cast<char>(byte);
      letter_ids_[byte] = table_.find(spell({&text, 1}));
      if (letter_ids_[byte] == -1) letter_ids_[byte] = table_.byte_piece(byte);
      n_missing += letter_ids_[byte] == -1;
    }
    if (n_missing > 0) notes.push_back(str_cat(n_missing, " of 256 bytes have no piece"));
    max_piece_bytes_ = find_max_piece_bytes();
    // Only a piece of that type: some files name "<|endoftext|>", which would end the text.
    const TokenId unknown = table_.special().unk;
    if (unknown != -1 && table_.type(unknown) == PieceType::unknown) unknown_ = unknown;
    return {};
  }

  Status encode(std::string_view text, const EncodeOptions& options,
                std::vector<TokenId>& out) const override {
    const auto encode_one = [&](std::string_view part, std::vector<TokenId>& ids) {
      return encode_part(text, part, ids);
    };
    return encode_parts(table_, text, options, &table_.user_matcher(), encode_one, out);
  }

  Status append_piece(TokenId id, bool show_control, std::string& out) const override {
    CRIA_RETURN_IF_ERROR(table_.check(id));
    switch (table_.type(id)) {
      case PieceType::control:
      case PieceType::unknown:
        if (show_control) out += table_.piece(id);
        return {};
      case PieceType::user_defined:
        out += table_.piece(id);
        return {};
      case PieceType::byte:
        out += static_cast<char>(table_.byte_value(id));
        return {};
      default:
        append_decoded(table_.piece(id), out);
        return {};
    }
  }

  size_t max_piece_bytes() const override { return max_piece_bytes_; }
  bool strips_leading_space() const override { return false; }
  TokenId n_vocab() const override { return table_.n_vocab(); }
  const SpecialTokens& special() const override { return table_.special(); }
  PieceType type(TokenId id) const override {
    return table_.contains(id) ? table_.type(id) : PieceType::undefined;
  }
  TokenId find_piece(std::string_view piece) const override { return table_.find(piece); }
  const std::vector<std::string>& notes() const override { return table_.notes(); }

 private:
  // Pieces that merges make stand for a byte a letter; others may stand in a text as they are
  // spelt.
  size_t find_max_piece_bytes() const {
    size_t longest = 1;
    std::string decoded;
    for (TokenId id = 0; id < n_vocab(); ++id) {
      const PieceType kind = table_.type(id);
      const bool is_letters =
          kind == PieceType::normal || kind == PieceType::undefined || kind == PieceType::unused;
      decoded.clear();
      if (is_letters) append_decoded(table_.piece(id), decoded);
      longest = std::max(longest, is_letters ? decoded.size() : table_.piece(id).size());
    }
    return longest;
  }

  // Characters that are not of the alphabet stand for themselves.
  static void append_decoded(std::string_view piece, std::string& out) {
    while (!piece.empty()) {
      const Utf8Step step = utf8_step(piece);
      const bool is_letter = step.valid && step.code_point < kAlphabetEnd;
      const int byte = is_letter ? kAlphabet.bytes[step.code_point] : -1;
      if (byte >= 0) {
        out += static_cast<char>(byte);
      } else {
        out += piece.substr(0, step.n_bytes);
      }
      piece.remove_prefix(step.n_bytes);
    }
  }

  // A text between special tokens.
  Status encode_part(std::string_view whole, std::string_view part,
                     std::vector<TokenId>& out) const {
    std::vector<std::string_view> stretches;
    CRIA_RETURN_IF_ERROR(pre_.split(part, stretches));
    std::vector<TokenId> scratch;
    for (const std::string_view stretch : stretches) {
      const auto offset = static_cast<size_t>(stretch.data() - whole.data());
      CRIA_RETURN_IF_ERROR(encode_stretch(stretch, offset, scratch, out));
    }
    return {};
  }

  // The id of a stretch that is a piece as it stands, or -1.
  TokenId whole_piece(std::string_view stretch) const {
    const TokenId id = table_.find(spell(stretch));
    if (id == -1) return -1;
    const PieceType kind = table_.type(id);
    return kind == PieceType::control || kind == PieceType::unknown ? -1 : id;
  }

  Status encode_stretch(std::string_view stretch, size_t offset, std::vector<TokenId>& scratch,
                        std::vector<TokenId>& out) const {
    if (ignore_merges_) {
      const TokenId whole = whole_piece(stretch);
      if (whole != -1) {
        out.push_back(whole);
        return {};
      }
    }
    scratch.clear();
    for (size_t i = 0; i < stretch.size(); ++i) {
      const auto byte = static_cast<unsigned char>(stretch[i]);
      const TokenId id = letter_ids_[byte] != -1 ? letter_ids_[byte] : unknown_;
      if (id == -1) {
        return unsupported("byte ", offset + i, " of the text: the vocabulary has no piece for ",
                           quoted(stretch.substr(i, 1)), " and no unknown token");
      }
      scratch.push_back(id);
    }
    merges_.apply(scratch);
    out.insert(out.end(), scratch.begin(), scratch.end());
    return {};
  }

  PieceTable table_;
  PreTokenizer pre_;
  bool ignore_merges_;
  MergeTable merges_;
  std::array<TokenId, 256> letter_ids_{};
  size_t max_piece_bytes_ = 1;
  TokenId unknown_ = -1;  // for bytes without a piece
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_bpe_tokenizer(VocabularyData data) {
  auto pre = PreTokenizer::make(data.pre, data.source_name);
  if (!pre.ok()) return pre.status();
  auto table = PieceTable::make(data);
  if (!table.ok()) return table.status();
  const bool ignore_merges = data.ignore_merges || pre->ignores_merges();
  auto tokenizer = std::make_unique<BpeTokenizer>(std::move(table.value()), std::move(pre.value()),
                                                  ignore_merges);
  CRIA_RETURN_IF_ERROR(tokenizer->load(data.merges, data.source_name));
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

}  // namespace cria::text
