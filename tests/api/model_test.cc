#include "cria/model.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cria/diagnose.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria {
namespace {

std::string tiny_file() {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model({}, path);
  return path;
}

TEST(Model, SaysWhatItIs) {
  const auto model = Model::open(tiny_file());
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->info().architecture, "llama");
  EXPECT_EQ(model->info().format, "GGUF v3");
  EXPECT_EQ(model->info().n_layers, 2);
  // Not always the last one: some suit other cores than these.
  const auto tables = kernel_tables();
  EXPECT_NE(std::find(tables.begin(), tables.end(), model->info().kernels), tables.end());
  EXPECT_GT(model->info().n_params, 0);
}

TEST(Model, AForcedTableIsUsedAndAnUnknownOneRefused) {
  const std::string path = tiny_file();
  for (const std::string& isa : kernel_tables()) {
    const auto model = Model::open(path, {.isa = isa});
    ASSERT_TRUE(model.ok()) << model.status().message();
    EXPECT_EQ(model->info().kernels, isa);
  }
  const auto refused = Model::open(path, {.isa = "avx9000"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::invalid_argument);
  EXPECT_NE(refused.status().message().find("scalar"), std::string::npos);
}

TEST(Model, ProgressReachesOneAndCanCancel) {
  const std::string path = tiny_file();
  double last = 0;
  ASSERT_TRUE(Model::open(path, {.on_progress =
                                     [&](double share) {
                                       EXPECT_GE(share, last);
                                       last = share;
                                       return true;
                                     }})
                  .ok());
  EXPECT_EQ(last, 1);
  EXPECT_EQ(Model::open(path, {.on_progress = [](double) { return false; }}).status().code(),
            StatusCode::cancelled);
}

TEST(Model, RefusesFilesThatAreNone) {
  const std::string dir = testing::temporary_dir();
  EXPECT_EQ(Model::open(dir + "/absent.gguf").status().code(), StatusCode::not_found);
  EXPECT_EQ(Model::open(dir).status().code(), StatusCode::io_error);
  testing::write_file(dir + "/empty.gguf", "");
  EXPECT_FALSE(Model::open(dir + "/empty.gguf").ok());
  testing::write_file(dir + "/text.gguf", "this is not a model");
  const auto refused = Model::open(dir + "/text.gguf");
  EXPECT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("text.gguf"), std::string::npos);
}

TEST(Model, ACheckpointWithoutItsVocabularySaysHowToNameIt) {
  CRIA_SHARED_FILE(path, "models/stories260K.bin");
  const auto model = Model::open(path);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.status().code(), StatusCode::not_found);
  EXPECT_NE(model.status().message().find("--tokenizer"), std::string::npos);
}

TEST(Model, ACheckpointTakesASentencePieceModelToo) {
  CRIA_SHARED_FILE(dir, "models/");
  const auto model = Model::open(dir + "stories260K.bin", {.tokenizer_path = dir + "tok512.model"});
  ASSERT_TRUE(model.ok()) << model.status().message();
}

TEST(Model, AVocabularyOfAnotherSizeIsRefused) {
  CRIA_SHARED_FILE(dir, "");
  const auto model = Model::open(dir + "models/stories260K.bin",
                                 {.tokenizer_path = dir + "tokenizers/llama2.model"});
  ASSERT_FALSE(model.ok());
  EXPECT_NE(model.status().message().find("32000"), std::string::npos) << model.status().message();
}

TEST(Tokenizer, OpensAnyVocabularyFileAndDecodesWhatItEncodes) {
  CRIA_SHARED_FILE(dir, "");
  for (const char* file : {"models/tok512.bin", "models/tok512.model", "tokenizers/llama2.model",
                           "vocabs/ggml-vocab-gpt-2.gguf", "vocabs/ggml-vocab-starcoder.gguf"}) {
    const auto tokenizer = Tokenizer::open(dir + file);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    const std::string text = "Hello, wörld! 1234\n\t漢字 🙂";
    const auto ids = tokenizer->encode(text);
    ASSERT_TRUE(ids.ok()) << ids.status().message();
    EXPECT_EQ(*tokenizer->decode(*ids), text) << file;
    EXPECT_EQ(tokenizer->decode({tokenizer->n_vocab()}).status().code(),
              StatusCode::invalid_argument);
  }
}

}  // namespace
}  // namespace cria
