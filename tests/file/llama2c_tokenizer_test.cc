#include <gtest/gtest.h>

#include "file/gguf_image.h"
#include "file/llama2c_image.h"
#include "file/refusal.h"
#include "support/shared_data.h"

namespace cria::file::testing {
namespace {

using cria::testing::read_file;

// A catalog of a model with n_tokens, and no vocabulary.
Opened model_with(int32_t n_tokens) {
  Llama2cImage image;
  image.vocab_size = n_tokens;
  Opened opened = open_llama2c(image.bytes());
  EXPECT_TRUE(opened.catalog.ok());
  return opened;
}

Status add_vocabulary(std::string_view file, Catalog& catalog) {
  const cria::testing::GuardedBytes bytes(file);
  return read_llama2c_tokenizer(bytes.bytes(), "test.tokenizer", catalog);
}

TEST(Llama2cTokenizer, GivesTheVocabularyKeysOfAGgufFile) {
  const VocabularyImage image;
  const Opened model = model_with(image.n_tokens());
  Catalog& catalog = **model.catalog;
  const Status status = add_vocabulary(image.bytes(), catalog);
  ASSERT_TRUE(status.ok()) << status.message();

  std::vector<std::string_view> tokens;
  std::vector<float> scores;
  std::vector<int32_t> types, also_stop;
  ASSERT_TRUE(catalog.get("tokenizer.ggml.tokens", tokens).ok());
  ASSERT_TRUE(catalog.get("tokenizer.ggml.scores", scores).ok());
  ASSERT_TRUE(catalog.get("tokenizer.ggml.token_type", types).ok());
  ASSERT_TRUE(catalog.get("cria.also_stop_tokens", also_stop).ok());
  ASSERT_EQ(tokens.size(), 263u);
  ASSERT_EQ(scores.size(), 263u);
  ASSERT_EQ(types.size(), 263u);
  EXPECT_EQ(tokens[0], "<unk>");
  EXPECT_EQ(tokens[1], "<s>");
  EXPECT_EQ(tokens[2], "</s>");
  EXPECT_EQ(tokens[3], "<0x00>");
  EXPECT_EQ(tokens[258], "<0xFF>");
  EXPECT_EQ(tokens[259], "\xe2\x96\x81the");
  EXPECT_EQ(tokens[261],
            "a\xe2\x96\x81"
            "b");
  EXPECT_EQ(types[0], 2);
  EXPECT_EQ(types[1], 3);
  EXPECT_EQ(types[2], 3);
  EXPECT_EQ(types[3], 6);
  EXPECT_EQ(types[258], 6);
  EXPECT_EQ(types[259], 1);
  EXPECT_EQ(types[262], 1) << "spelt like a byte, but not in a byte's place";
  EXPECT_EQ(scores[259], -259.0f);
  EXPECT_EQ(also_stop, std::vector<int32_t>{1});

  uint32_t bos = 9, eos = 9, unknown = 9;
  bool add_bos = false, add_space = false;
  std::string_view kind;
  EXPECT_TRUE(catalog.get("tokenizer.ggml.bos_token_id", bos).ok());
  EXPECT_TRUE(catalog.get("tokenizer.ggml.eos_token_id", eos).ok());
  EXPECT_TRUE(catalog.get("tokenizer.ggml.unknown_token_id", unknown).ok());
  EXPECT_TRUE(catalog.get("tokenizer.ggml.add_bos_token", add_bos).ok());
  EXPECT_TRUE(catalog.get("tokenizer.ggml.add_space_prefix", add_space).ok());
  EXPECT_TRUE(catalog.get("tokenizer.ggml.model", kind).ok());
  EXPECT_EQ(bos, 1u);
  EXPECT_EQ(eos, 2u);
  EXPECT_EQ(unknown, 0u);
  EXPECT_TRUE(add_bos && add_space);
  EXPECT_EQ(kind, "llama");
}

TEST(Llama2cTokenizer, IsRefusedCutAtEachByteAndLeavesTheCatalogAlone) {
  const VocabularyImage image;
  const Opened model = model_with(image.n_tokens());
  Catalog& catalog = **model.catalog;
  const size_t n_keys = catalog.metadata.size();
  const std::string file = image.bytes();
  for (size_t n = 0; n < file.size(); ++n) {
    SCOPED_TRACE(n);
    expect_refusal(add_vocabulary(std::string_view(file).substr(0, n), catalog));
    ASSERT_EQ(catalog.metadata.size(), n_keys);
    if (HasFailure()) return;
  }
}

TEST(Llama2cTokenizer, IsRefusedWhereItIsAnotherModels) {
  const VocabularyImage image;
  const Opened larger = model_with(image.n_tokens() + 1);
  expect_refusal(add_vocabulary(image.bytes(), **larger.catalog), {"token 263"});
  const Opened smaller = model_with(image.n_tokens() - 1);
  expect_refusal(add_vocabulary(image.bytes(), **smaller.catalog),
                 {"found 14 bytes after token 261", "another model"});
}

TEST(Llama2cTokenizer, RefusesLengthsThatItDidNotAnnounce) {
  const VocabularyImage image;
  const Opened model = model_with(image.n_tokens());
  for (const int32_t length : {-1, 13, INT32_MAX, INT32_MIN}) {
    std::string file = image.bytes();
    file.replace(8, 4, le(length));
    expect_refusal(add_vocabulary(file, **model.catalog), {"token 0", "expected 0 to 12"});
  }
  for (const uint32_t longest : {0u, 65536u, 0xffffffffu}) {
    VocabularyImage wrong;
    wrong.max_token_length = longest;
    expect_refusal(add_vocabulary(wrong.bytes(), **model.catalog), {"at byte 0: longest piece"});
  }
}

TEST(Llama2cTokenizer, RefusesACatalogThatDoesNotSayItsVocabularysSize) {
  GgufImage empty;
  const Opened model = open_gguf(empty.bytes());
  expect_refusal(add_vocabulary(VocabularyImage().bytes(), **model.catalog), {"of 0 tokens"});
}

TEST(Llama2cTokenizer, IsReadWholeWhereThereIsNoModel) {
  Catalog alone;
  const Status status = add_vocabulary(VocabularyImage().bytes(), alone);
  ASSERT_TRUE(status.ok()) << status.message();
  std::vector<std::string_view> tokens;
  ASSERT_TRUE(alone.get("tokenizer.ggml.tokens", tokens).ok());
  EXPECT_EQ(tokens.size(), 263u);
}

TEST(Llama2cTokenizer, ReplacesTheVocabularyOfAGgufFile) {
  CRIA_SHARED_FILE(models, "models/");
  const Opened model = open_gguf(read_file(models + "stories260K-f32.gguf"));
  ASSERT_TRUE(model.catalog.ok());
  Catalog& catalog = **model.catalog;
  std::vector<std::string_view> before, after;
  std::vector<float> scores_before, scores_after;
  std::vector<int32_t> types_before, types_after;
  ASSERT_TRUE(catalog.get("tokenizer.ggml.tokens", before).ok());
  ASSERT_TRUE(catalog.get("tokenizer.ggml.scores", scores_before).ok());
  ASSERT_TRUE(catalog.get("tokenizer.ggml.token_type", types_before).ok());
  const Status status = add_vocabulary(read_file(models + "tok512.bin"), catalog);
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_TRUE(catalog.get("tokenizer.ggml.tokens", after).ok());
  ASSERT_TRUE(catalog.get("tokenizer.ggml.scores", scores_after).ok());
  ASSERT_TRUE(catalog.get("tokenizer.ggml.token_type", types_after).ok());
  EXPECT_EQ(after, before);  // the same model's, so nothing but the file format differs
  EXPECT_EQ(scores_after, scores_before);
  EXPECT_EQ(types_after, types_before);
}

}  // namespace
}  // namespace cria::file::testing
