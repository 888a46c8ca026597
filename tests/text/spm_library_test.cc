// Our way around the sentencepiece library's traps must not change what it gives for plain text.
#include <gtest/gtest.h>
#include <sentencepiece_processor.h>

#include "support/shared_data.h"
#include "text_helpers.h"

namespace cria::text {
namespace {

// random_text, mixed with what the small models have rules and pieces for.
std::string text_with_rules(std::mt19937& rng) {
  static constexpr std::string_view kParts[] = {"A",
                                                "\xEF\xAC\x81",
                                                "\xE2\x80\xA6",
                                                "\xE3\x80\x80",
                                                "\t",
                                                "e\xCC\x81",
                                                "\xE2\x84\xA2",
                                                "\xC2\xBD",
                                                "\xC2\xAD",
                                                "<sep>",
                                                "llama",
                                                "river!",
                                                "the river ",
                                                "two caf\xC3\xA9 chairs",
                                                "<mask>",
                                                " ",
                                                "   ",
                                                "llamas",
                                                "<se",
                                                "\xE2\x96\x81"};
  std::string text;
  for (auto n = rng() % 8; n > 0; --n) {
    text +=
        rng() % 4 == 0 ? random_text(rng, false) : std::string(kParts[rng() % std::size(kParts)]);
  }
  return text;
}

void compare_with_library(const std::string& path) {
  const auto tokenizer = tokenizer_from_model_file(path);
  ASSERT_NE(tokenizer, nullptr);
  sentencepiece::SentencePieceProcessor library;
  ASSERT_TRUE(library.Load(path).ok());
  ASSERT_EQ(library.GetPieceSize(), tokenizer->n_vocab());
  EXPECT_EQ(library.bos_id(), tokenizer->special().bos);
  EXPECT_EQ(library.eos_id(), tokenizer->special().eos);
  EXPECT_EQ(library.unk_id(), tokenizer->special().unk);
  EXPECT_EQ(library.pad_id(), tokenizer->special().pad);
  std::mt19937 rng(4);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = text_with_rules(rng);
    std::vector<int> expected;
    ASSERT_TRUE(library.Encode(text, &expected).ok());
    ASSERT_EQ(encode(*tokenizer, text), expected) << "round " << i << ": " << text;
  }
}

TEST(SentencePieceLibrary, AgreesOnBpeWithRulesAndUserDefinedPieces) {
  compare_with_library(testing::source_dir() + "/text/data/bpe_rules.model");
}

TEST(SentencePieceLibrary, AgreesOnUnigramWithRulesAndWithoutBytePieces) {
  compare_with_library(testing::source_dir() + "/text/data/unigram_rules.model");
}

TEST(SentencePieceLibrary, AgreesOnRealModels) {
  for (const char* name : {"tokenizers/llama2.model", "tokenizers/mistral-v1.model",
                           "tokenizers/mistral-v3.model", "models/tok512.model"}) {
    CRIA_SHARED_FILE(path, name);
    SCOPED_TRACE(name);
    compare_with_library(path);
  }
}

}  // namespace
}  // namespace cria::text
