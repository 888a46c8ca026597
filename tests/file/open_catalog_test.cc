#include <gtest/gtest.h>

#include "file/gguf_image.h"
#include "file/llama2c_image.h"
#include "file/readers.h"
#include "file/refusal.h"
#include "support/shared_data.h"

namespace cria::file::testing {
namespace {

using cria::testing::temporary_dir;
using cria::testing::write_file;

// Writes file under the name test.NAME, so that messages can be checked for it.
std::string stored(const std::string& name, std::string_view file) {
  const std::string path = temporary_dir() + "/test." + name;
  write_file(path, file);
  return path;
}

TEST(OpenCatalog, GoesByContentNotByName) {
  const auto gguf = open_catalog(stored("bin", valid_image().bytes()), "");
  ASSERT_TRUE(gguf.ok()) << gguf.status().message();
  EXPECT_EQ((*gguf)->format, "GGUF v3");
  for (const int version : {0, 1, 2}) {
    Llama2cImage image;
    image.version = version;
    const auto checkpoint = open_catalog(stored("gguf", image.bytes()), "");
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
    EXPECT_TRUE((*checkpoint)->format.starts_with("llama2.c"));
  }
}

TEST(OpenCatalog, KeepsTheFileAlive) {
  const std::string path = stored("gguf", valid_image().bytes());
  const auto catalog = open_catalog(path, "");
  ASSERT_TRUE(catalog.ok());
  ASSERT_EQ(::remove(path.c_str()), 0);
  EXPECT_EQ(static_cast<int>((*catalog)->find_tensor("a")->view.data[5]), 5);
  EXPECT_EQ((*catalog)->source_name, path);
}

TEST(OpenCatalog, PrefaultsAndDropsTensorsWithoutChangingThem) {
  const std::string file = valid_image().bytes();
  const auto catalog = open_catalog(stored("gguf", file), "");
  ASSERT_TRUE(catalog.ok());
  EXPECT_EQ((*catalog)->size_bytes(), file.size());
  for (const NamedTensor& tensor : (*catalog)->tensors) {
    const TensorView& view = tensor.view;
    const std::vector<std::byte> before(view.data, view.data + view.size_bytes);
    EXPECT_TRUE((*catalog)->prefault(view).ok());
    (*catalog)->drop(view);
    EXPECT_TRUE(std::equal(before.begin(), before.end(), view.data));
  }
  const std::byte own[4] = {};  // bytes that are in no file
  const TensorView elsewhere{.data = own, .size_bytes = 4};
  EXPECT_TRUE((*catalog)->prefault(elsewhere).ok());
  (*catalog)->drop(elsewhere);
  EXPECT_EQ((*catalog)->place_of(elsewhere).file, nullptr);
}

TEST(OpenCatalog, GivesAllPagesBackAndReadsThemAgain) {
  const std::string file = valid_image().bytes();
  const auto catalog = open_catalog(stored("gguf", file), "");
  ASSERT_TRUE(catalog.ok());
  (*catalog)->drop_all();
  EXPECT_EQ(static_cast<int>((*catalog)->find_tensor("a")->view.data[5]), 5);
  const FilePlace place = (*catalog)->place_of((*catalog)->find_tensor("a")->view);
  ASSERT_NE(place.file, nullptr);
  EXPECT_EQ(static_cast<int>(file[place.offset + 5]), 5);
}

TEST(OpenCatalog, ReportsFilesThatAreNotThere) {
  const auto missing = open_catalog("/no/such/model.gguf", "");
  EXPECT_EQ(missing.status().code(), StatusCode::not_found);
  EXPECT_NE(missing.status().message().find("/no/such/model.gguf"), std::string::npos);
  EXPECT_EQ(open_catalog(temporary_dir(), "").status().code(), StatusCode::io_error);
  const std::string model = stored("bin", Llama2cImage().bytes());
  EXPECT_EQ(open_catalog(model, "/no/such/tok.bin").status().code(), StatusCode::not_found);
}

TEST(OpenCatalog, RefusesOtherFilesWithAdvice) {
  const struct {
    std::string_view file;
    std::string_view advice;
  } rows[] = {{"", "empty"},
              {"G", "cut short"},
              {"GGU", "cut short"},
              {"PK\x03\x04 and so on and on and on and on", "zip"},
              {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
              {"<!DOCTYPE html><html></html>", "web page"},
              {"tjgg-------------------------", "predecessor of GGUF"},
              {std::string_view("\x40\0\0\0\0\0\0\0{\"a\":1}", 15), "safetensors"},
              {"just some text, long enough for a header", "legacy llama2.c"}};
  for (const auto& row : rows) {
    const auto catalog = open_catalog(stored("x", row.file), "");
    ASSERT_FALSE(catalog.ok());
    expect_refusal(catalog.status(), {row.advice});
  }
}

TEST(OpenCatalog, ReadsTheVocabularyOfACheckpoint) {
  const VocabularyImage vocabulary;
  Llama2cImage image;
  image.vocab_size = vocabulary.n_tokens();
  const auto catalog =
      open_catalog(stored("bin", image.bytes()), stored("tok", vocabulary.bytes()));
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  std::vector<std::string_view> tokens;
  ASSERT_TRUE((*catalog)->get("tokenizer.ggml.tokens", tokens).ok());
  EXPECT_EQ(tokens.size(), 263u);
}

TEST(OpenCatalog, ReadsAVocabularyWhoseLongestPieceLooksLikeASentencePieceTag) {
  VocabularyImage vocabulary;
  vocabulary.max_token_length = 10;  // the file begins with 0x0a, as every .model does
  Llama2cImage image;
  image.vocab_size = vocabulary.n_tokens();
  const auto catalog =
      open_catalog(stored("bin", image.bytes()), stored("tok", vocabulary.bytes()));
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  EXPECT_NE((*catalog)->find("tokenizer.ggml.tokens"), nullptr);
}

TEST(OpenCatalog, LeavesSentencePieceModelsToOthers) {
  CRIA_SHARED_FILE(dir, "");
  const std::string model = stored("bin", Llama2cImage().bytes());
  for (const char* name : {"models/tok512.model", "tokenizers/llama2.model",
                           "tokenizers/mistral-v1.model", "tokenizers/mistral-v3.model"}) {
    const auto catalog = open_catalog(model, dir + name);
    ASSERT_TRUE(catalog.ok()) << catalog.status().message();
    EXPECT_EQ((*catalog)->find("tokenizer.ggml.tokens"), nullptr);
  }
}

TEST(OpenCatalog, RefusesABrokenVocabularyByItsName) {
  const std::string model = stored("bin", Llama2cImage().bytes());
  const auto catalog = open_catalog(model, stored("tok", "no vocabulary at all"));
  ASSERT_FALSE(catalog.ok());
  expect_refusal(catalog.status(), {"test.tok", "at byte 0"});
}

TEST(OpenCatalog, OpensTheRealCheckpointsWithTheirVocabulary) {
  CRIA_SHARED_FILE(models, "models/");
  for (const char* name : {"stories260K.bin", "stories260K-q8.bin"}) {
    const auto catalog = open_catalog(models + name, models + "tok512.bin");
    ASSERT_TRUE(catalog.ok()) << catalog.status().message();
    std::vector<std::string_view> tokens;
    ASSERT_TRUE((*catalog)->get("tokenizer.ggml.tokens", tokens).ok());
    EXPECT_EQ(tokens.size(), 512u);
  }
}

}  // namespace
}  // namespace cria::file::testing
