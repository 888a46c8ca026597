// Any bytes as a text, through every pre-tokenizer and a SentencePiece vocabulary: decoding gives
// them back. The first byte chooses the tokenizer and whether special tokens are parsed.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "text/stream_decoder.h"
#include "text/utf8.h"

namespace {

using namespace cria::text;

void add(VocabularyData& vocab, const std::string& piece, PieceType type) {
  vocab.scores.push_back(-static_cast<float>(vocab.pieces.size()));
  vocab.pieces.push_back(piece);
  vocab.types.push_back(type);
}

std::unique_ptr<Tokenizer> make(VocabularyData vocab) {
  vocab.source_name = "fuzz";
  add(vocab, "<end>", PieceType::control);
  add(vocab, "<tool>", PieceType::user_defined);
  auto made = make_tokenizer(std::move(vocab));
  if (!made.ok()) std::abort();
  return std::move(made.value());
}

std::unique_ptr<Tokenizer> make_spm() {
  VocabularyData vocab;
  vocab.model = "llama";
  add(vocab, "<unk>", PieceType::unknown);
  constexpr char kHex[] = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    add(vocab, std::string("<0x") + kHex[byte >> 4] + kHex[byte & 15] + ">", PieceType::byte);
  }
  for (const char* piece : {"\xE2\x96\x81", "a", "aa",
                            "\xE2\x96\x81"
                            "a",
                            "aaaa", "ab"}) {
    add(vocab, piece, PieceType::normal);
  }
  add(vocab, "aab", PieceType::unused);
  return make(std::move(vocab));
}

std::unique_ptr<Tokenizer> make_bpe(std::string_view pre) {
  VocabularyData vocab;
  vocab.model = "gpt2";
  vocab.pre = pre;
  uint32_t next = 0x100;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
    std::string letter;
    append_utf8(printable ? byte : next++, letter);
    add(vocab, letter, PieceType::normal);
  }
  for (const char* piece : {"aa", "ab", "aaaa",
                            "\xC4\xA0"
                            "a"}) {
    add(vocab, piece, PieceType::normal);
  }
  vocab.merges = {"a a", "a b", "aa aa", "\xC4\xA0 a"};
  return make(std::move(vocab));
}

std::vector<std::unique_ptr<Tokenizer>> make_all() {
  std::vector<std::unique_ptr<Tokenizer>> all;
  all.push_back(make_spm());
  for (const std::string_view pre : known_pre_tokenizers()) all.push_back(make_bpe(pre));
  return all;
}

// SentencePiece cannot tell U+2581 from a space.
std::string as_decoded(std::string_view text, bool is_spm) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const bool is_symbol = is_spm && text.substr(i, 3) == "\xE2\x96\x81";
    out += is_symbol ? ' ' : text[i];
    i += is_symbol ? 3 : 1;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<std::unique_ptr<Tokenizer>> tokenizers = make_all();
  if (size == 0) return 0;
  const Tokenizer& tokenizer = *tokenizers[(data[0] >> 1) % tokenizers.size()];
  const bool parse_special = (data[0] & 1) != 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  std::vector<TokenId> ids;
  if (!tokenizer.encode(text, {false, parse_special}, ids).ok()) std::abort();
  std::string back;
  if (!decode(tokenizer, ids, true, back).ok()) std::abort();
  // After a special token that was parsed, SentencePiece puts a space that was not there.
  const bool is_spm = tokenizer.strips_leading_space();
  if (!(is_spm && parse_special) && back != as_decoded(text, is_spm)) std::abort();

  StreamDecoder decoder(tokenizer, true, true);
  std::string streamed;
  for (const TokenId id : ids) {
    if (!decoder.push(id, streamed).ok() || !is_valid_utf8(streamed)) std::abort();
  }
  decoder.finish(streamed);
  if (is_valid_utf8(back) ? streamed != back : !is_valid_utf8(streamed)) std::abort();
  return 0;
}
