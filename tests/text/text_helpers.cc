#include "text_helpers.h"

#include <gtest/gtest.h>

#include "file/readers.h"
#include "support/shared_data.h"
#include "support/vocab_from_gguf.h"
#include "text/stream_decoder.h"
#include "text/utf8.h"

namespace cria::text {
namespace {

std::string byte_piece(unsigned byte) {
  char text[8];
  std::snprintf(text, sizeof text, "<0x%02X>", byte);
  return text;
}

uint32_t random_code_point(std::mt19937& rng) {
  struct Range {
    uint32_t first, last;
  };
  static constexpr Range kRanges[] = {
      {0x00, 0x1F},       {0x20, 0x7E},        {0x20, 0x7E},     {'a', 'z'},
      {'a', 'z'},         {'0', '9'},          {0x80, 0x17F},    {0x300, 0x33F},
      {0x391, 0x3C9},     {0x410, 0x44F},      {0x5D0, 0x5EA},   {0x627, 0x64A},
      {0x905, 0x939},     {0xE01, 0xE3A},      {0x2000, 0x206F}, {0x20A0, 0x20BF},
      {0x2150, 0x218B},   {0x3000, 0x30FF},    {0x4E00, 0x9FA5}, {0xAC00, 0xD7A3},
      {0xE000, 0xE010},   {0xFE0F, 0xFE0F},    {0xFF00, 0xFFEF}, {0x1F300, 0x1F64F},
      {0x1D400, 0x1D7FF}, {0x10FFF0, 0x10FFFF}};
  const Range range = kRanges[rng() % std::size(kRanges)];
  return range.first + static_cast<uint32_t>(rng() % (range.last - range.first + 1));
}

std::unique_ptr<Tokenizer> checked(Result<std::unique_ptr<Tokenizer>> made) {
  EXPECT_TRUE(made.ok()) << made.status().message();
  return made.ok() ? std::move(made.value()) : nullptr;
}

}  // namespace

std::string byte_letter(unsigned byte) {
  const auto printable = [](unsigned b) {
    return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
  };
  uint32_t code_point = byte;
  if (!printable(byte)) {
    code_point = 256;
    for (unsigned b = 0; b < byte; ++b) code_point += printable(b) ? 0 : 1;
  }
  std::string out;
  append_utf8(code_point, out);
  return out;
}

VocabularyData vocabulary_from_gguf(const std::string& path) {
  const std::string bytes = testing::read_file(path);
  const auto catalog = file::read_gguf(as_bytes(bytes), path);
  EXPECT_TRUE(catalog.ok()) << catalog.status().message();
  return catalog.ok() ? testing::vocab_from_gguf(**catalog) : VocabularyData();
}

std::unique_ptr<Tokenizer> tokenizer_from_gguf(const std::string& path) {
  return checked(make_tokenizer(vocabulary_from_gguf(path)));
}

std::unique_ptr<Tokenizer> tokenizer_from_model_file(const std::string& path) {
  const std::string bytes = testing::read_file(path);
  return checked(make_sentencepiece_tokenizer(as_bytes(bytes), path));
}

std::unique_ptr<Tokenizer> make(VocabularyData vocab) {
  auto made = make_tokenizer(std::move(vocab));
  EXPECT_TRUE(made.ok()) << made.status().message();
  return made.ok() ? std::move(made.value()) : nullptr;
}

std::vector<TokenId> encode(const Tokenizer& tokenizer, std::string_view text,
                            EncodeOptions options) {
  std::vector<TokenId> ids;
  const Status status = tokenizer.encode(text, options, ids);
  EXPECT_TRUE(status.ok()) << status.message();
  return ids;
}

std::string decode_all(const Tokenizer& tokenizer, const std::vector<TokenId>& ids,
                       bool show_control) {
  std::string text;
  const Status status = decode(tokenizer, ids, show_control, text);
  EXPECT_TRUE(status.ok()) << status.message();
  return text;
}

void add_piece(VocabularyData& vocab, const std::string& piece, PieceType type) {
  vocab.scores.push_back(-static_cast<float>(vocab.pieces.size()));
  vocab.pieces.push_back(piece);
  vocab.types.push_back(type);
}

VocabularyData small_spm_vocabulary(const std::vector<std::string>& pieces) {
  VocabularyData vocab;
  vocab.source_name = "small";
  vocab.model = "llama";
  add_piece(vocab, "<unk>", PieceType::unknown);
  add_piece(vocab, "<s>", PieceType::control);
  add_piece(vocab, "</s>", PieceType::control);
  for (unsigned byte = 0; byte < 256; ++byte) add_piece(vocab, byte_piece(byte), PieceType::byte);
  for (const std::string& piece : pieces) add_piece(vocab, piece, PieceType::normal);
  vocab.special.unk = 0;
  vocab.special.bos = 1;
  vocab.special.eos = 2;
  return vocab;
}

VocabularyData small_bpe_vocabulary(const std::string& pre,
                                    const std::vector<std::string>& merges) {
  VocabularyData vocab;
  vocab.source_name = "small";
  vocab.model = "gpt2";
  vocab.pre = pre;
  for (unsigned byte = 0; byte < 256; ++byte)
    add_piece(vocab, byte_letter(byte), PieceType::normal);
  for (const std::string& merge : merges) {
    std::string joined = merge;
    joined.erase(joined.find(' ', 1), 1);
    add_piece(vocab, joined, PieceType::normal);
  }
  vocab.merges = merges;
  return vocab;
}

int check_max_piece_bytes(const Tokenizer& tokenizer, std::mt19937& rng, int n_texts) {
  const size_t max_bytes = tokenizer.max_piece_bytes();
  EXPECT_GE(max_bytes, 1u);
  int n_encoded = 0;
  for (int i = 0; i < n_texts; ++i) {
    std::string text = i % 4 == 0 ? random_text(rng, true) : "";
    for (auto n = 1 + rng() % 6; n > 0; --n) {
      const auto id = static_cast<TokenId>(rng() % static_cast<uint32_t>(tokenizer.n_vocab()));
      const std::string piece = decode_all(tokenizer, {id}, true);
      for (auto repeat = 1 + rng() % 3; repeat > 0; --repeat) text += piece;
    }
    const EncodeOptions options{false, i % 2 == 0, i % 3 == 0};
    std::vector<TokenId> ids;
    if (!tokenizer.encode(text, options, ids).ok()) continue;
    ++n_encoded;
    const size_t n_least = text.size() / max_bytes + (text.size() % max_bytes != 0 ? 1 : 0);
    if (max_bytes == SIZE_MAX) continue;  // promises nothing
    EXPECT_GE(ids.size(), n_least) << text;
  }
  return n_encoded;
}

std::string random_text(std::mt19937& rng, bool allow_invalid_utf8) {
  static constexpr std::string_view kWords[] = {
      " the", "Hello",      " don't", "WE'LL", " 1234567", "    ",  "\n\n",   "\r\n",
      " \t ", "foo_bar(x)", "...!?",  "<s>",   "</s>",     "<unk>", "<0x41>", "\xE2\x96\x81"};
  std::string text;
  const size_t n_parts = rng() % 24;
  for (size_t i = 0; i < n_parts; ++i) {
    const auto kind = rng() % 16;
    if (kind < 5) {
      text += kWords[rng() % std::size(kWords)];
    } else if (kind < 7) {
      text += std::string(1 + rng() % 9, ' ');
    } else if (allow_invalid_utf8 && kind == 7) {
      text += static_cast<char>(0x80 + rng() % 0x80);
    } else {
      append_utf8(random_code_point(rng), text);
    }
  }
  return text;
}

}  // namespace cria::text
