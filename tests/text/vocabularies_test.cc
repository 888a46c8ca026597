// Tokenizers against real vocabularies and the ids that others get with them.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <sstream>

#include "file/readers.h"
#include "support/shared_data.h"
#include "support/vocab_from_gguf.h"
#include "text_helpers.h"

namespace cria::text {
namespace {

std::vector<std::string> split_lines(const std::string& text, const std::string& separator) {
  std::vector<std::string> out;
  size_t start = 0;
  for (size_t end; (end = text.find(separator, start)) != std::string::npos;) {
    out.push_back(text.substr(start, end - start));
    start = end + separator.size();
  }
  out.push_back(text.substr(start));
  return out;
}

std::vector<TokenId> parse_ids(const std::string& line) {
  std::istringstream in(line);
  std::vector<TokenId> ids;
  for (TokenId id; in >> id;) ids.push_back(id);
  return ids;
}

// A text as SentencePiece can give it back: its own U+2581 is a space afterwards.
std::string without_space_symbol(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const bool is_symbol = text.compare(i, 3, "\xE2\x96\x81") == 0;
    out += is_symbol ? ' ' : text[i];
    i += is_symbol ? 3 : 1;
  }
  return out;
}

// Falcon's and StarCoder's vocabularies lack some bytes that their makers never saw.
bool spells_missing_byte(const Tokenizer& tokenizer, const std::string& text) {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    return tokenizer.find_piece(byte_letter(static_cast<unsigned char>(c))) == -1;
  });
}

class RealVocabulary : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Shared, RealVocabulary,
                         ::testing::Values("llama-spm", "gpt-2", "falcon", "starcoder"),
                         [](const auto& name) {
                           std::string out = name.param;
                           std::erase(out, '-');
                           return out;
                         });

TEST_P(RealVocabulary, GivesTheExpectedIds) {
  CRIA_SHARED_FILE(path, std::string("vocabs/ggml-vocab-") + GetParam() + ".gguf");
  const auto tokenizer = tokenizer_from_gguf(path);
  ASSERT_NE(tokenizer, nullptr);
  const auto texts = split_lines(testing::read_file(path + ".inp"), "\n__ggml_vocab_test__\n");
  const auto lines = split_lines(testing::read_file(path + ".out"), "\n");
  ASSERT_EQ(texts.size(), 47u);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(encode(*tokenizer, texts[i]), parse_ids(lines[i]))
        << "case " << i << ": " << texts[i];
  }
}

TEST_P(RealVocabulary, DecodeUndoesEncode) {
  CRIA_SHARED_FILE(path, std::string("vocabs/ggml-vocab-") + GetParam() + ".gguf");
  const auto tokenizer = tokenizer_from_gguf(path);
  ASSERT_NE(tokenizer, nullptr);
  const bool is_spm = tokenizer->strips_leading_space();
  std::mt19937 rng(11);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random_text(rng, i % 2 == 0);
    std::vector<TokenId> ids;
    const Status status = tokenizer->encode(text, {false, false}, ids);
    if (!is_spm && spells_missing_byte(*tokenizer, text)) {
      ASSERT_EQ(status.code(), StatusCode::unsupported);
      ASSERT_TRUE(ids.empty());
      continue;
    }
    ASSERT_TRUE(status.ok()) << status.message();
    const std::string back = decode_all(*tokenizer, ids);
    ASSERT_EQ(back, is_spm ? without_space_symbol(text) : text) << "round " << i;
  }
}

TEST_P(RealVocabulary, NoTokenStandsForMoreBytesThanItSays) {
  CRIA_SHARED_FILE(path, std::string("vocabs/ggml-vocab-") + GetParam() + ".gguf");
  const auto tokenizer = tokenizer_from_gguf(path);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_LT(tokenizer->max_piece_bytes(), 1000u);
  std::mt19937 rng(12);
  EXPECT_GT(check_max_piece_bytes(*tokenizer, rng, 3000), 1000);
}

// Processor time, so that a busy machine changes nothing; the limits leave room for sanitizers.
double seconds_since(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

TEST_P(RealVocabulary, LoadsQuicklyAndTakesLongTexts) {
  CRIA_SHARED_FILE(path, std::string("vocabs/ggml-vocab-") + GetParam() + ".gguf");
  const VocabularyData data = vocabulary_from_gguf(path);
  std::clock_t start = std::clock();
  const auto made = make_tokenizer(data);
  EXPECT_LT(seconds_since(start), 2.0);
  ASSERT_TRUE(made.ok()) << made.status().message();
  for (const char* unit : {" ", "a", "ab", "\n ", "\xE4\xB8\xAD", "\x80", "a\x80", "1", "!"}) {
    std::string text;
    while (text.size() < 200'000) text += unit;
    start = std::clock();
    const std::vector<TokenId> ids = encode(**made, text);
    EXPECT_LT(seconds_since(start), 5.0) << unit << ": quadratic would be minutes";
    EXPECT_EQ(decode_all(**made, ids).size(), text.size());
  }
}

TEST(Llama2, ModelFileAndGgufAgreeOnTenThousandTexts) {
  CRIA_SHARED_FILE(gguf, "vocabs/ggml-vocab-llama-spm.gguf");
  CRIA_SHARED_FILE(model, "tokenizers/llama2.model");
  const auto a = tokenizer_from_gguf(gguf);
  const auto b = tokenizer_from_model_file(model);
  ASSERT_TRUE(a != nullptr && b != nullptr);
  ASSERT_EQ(a->n_vocab(), b->n_vocab());
  EXPECT_EQ(a->special().bos, b->special().bos);
  EXPECT_EQ(a->special().eos, b->special().eos);
  EXPECT_EQ(a->special().unk, b->special().unk);
  std::mt19937 rng(1);
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = random_text(rng, i % 2 == 0);
    const EncodeOptions options{i % 3 == 0, i % 5 == 0};
    ASSERT_EQ(encode(*a, text, options), encode(*b, text, options)) << "round " << i;
  }
}

TEST(Llama2, TextThatContinuesIsTextWithoutTheLeadingSpace) {
  CRIA_SHARED_FILE(path, "tokenizers/llama2.model");
  const auto tokenizer = tokenizer_from_model_file(path);
  ASSERT_NE(tokenizer, nullptr);
  const EncodeOptions continues{.add_special = false, .continues = true};
  std::mt19937 rng(4);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = "x" + random_text(rng, i % 2 == 0);
    ASSERT_EQ(encode(*tokenizer, " " + text, continues), encode(*tokenizer, text)) << text;
    const auto ids = encode(*tokenizer, text, continues);
    ASSERT_EQ(decode_all(*tokenizer, ids, true)[0], 'x') << text;
    std::string pieces;
    for (const TokenId id : ids) ASSERT_TRUE(tokenizer->append_piece(id, true, pieces).ok());
    ASSERT_EQ(pieces, without_space_symbol(text));
  }
}

TEST(Mistral, ModelFilesLoadAndRoundTrip) {
  for (const char* name : {"tokenizers/mistral-v1.model", "tokenizers/mistral-v3.model"}) {
    CRIA_SHARED_FILE(path, name);
    const auto tokenizer = tokenizer_from_model_file(path);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_TRUE(tokenizer->notes().empty()) << tokenizer->notes()[0];
    std::mt19937 rng(2);
    for (int i = 0; i < 1000; ++i) {
      const std::string text = random_text(rng, i % 2 == 0);
      ASSERT_EQ(decode_all(*tokenizer, encode(*tokenizer, text)), without_space_symbol(text));
    }
  }
}

TEST(Mistral, InstructionMarksAreTokensOnlyWhereAskedFor) {
  CRIA_SHARED_FILE(path, "tokenizers/mistral-v3.model");
  const auto tokenizer = tokenizer_from_model_file(path);
  ASSERT_NE(tokenizer, nullptr);
  const TokenId mark = tokenizer->find_piece("[INST]");
  ASSERT_GE(mark, 0);
  const auto parsed = encode(*tokenizer, "[INST] Hi", {true, true});
  ASSERT_GE(parsed.size(), 3u);
  EXPECT_EQ(parsed[0], tokenizer->special().bos);
  EXPECT_EQ(parsed[1], mark);
  for (const TokenId id : encode(*tokenizer, "[INST] Hi", {true, false})) EXPECT_NE(id, mark);
}

// The .model of this vocabulary also takes extra spaces away; the other two forms cannot say so.
TEST(Stories, ModelFileGgufAndLlama2cFormsOfTheSameVocabularyAgree) {
  CRIA_SHARED_FILE(model, "models/tok512.model");
  CRIA_SHARED_FILE(gguf, "models/stories260K-f32.gguf");
  CRIA_SHARED_FILE(checkpoint, "models/stories260K.bin");
  CRIA_SHARED_FILE(llama2c, "models/tok512.bin");
  const auto a = tokenizer_from_model_file(model);
  VocabularyData data = vocabulary_from_gguf(gguf);
  data.remove_extra_whitespaces = true;
  const auto b = make_tokenizer(std::move(data));
  const auto catalog = file::open_catalog(checkpoint, llama2c);
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  data = testing::vocab_from_gguf(**catalog);
  data.remove_extra_whitespaces = true;
  const auto c = make_tokenizer(std::move(data));
  ASSERT_TRUE(a != nullptr && b.ok() && c.ok());
  std::mt19937 rng(3);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random_text(rng, i % 2 == 0);
    ASSERT_EQ(encode(*a, text), encode(**b, text)) << "round " << i;
    ASSERT_EQ(encode(*a, text), encode(**c, text)) << "round " << i;
  }
}

}  // namespace
}  // namespace cria::text
