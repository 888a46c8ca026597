#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "cria/diagnose.h"
#include "support/shared_data.h"

namespace cria {
namespace {

TEST(Synth, EveryTypeLoadsAndGeneratesFiniteLogits) {
  for (const char* type : {"f32", "f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_K",
                           "q3_K", "q4_K", "q5_K", "q6_K"}) {
    SCOPED_TRACE(type);
    const std::string path = testing::temporary_dir() + "/model.gguf";
    const Status status = synthesize(path, {.shape = "tiny", .type = type});
    ASSERT_TRUE(status.ok()) << status.message();
    const auto model = Model::open(path);
    ASSERT_TRUE(model.ok()) << model.status().message();
    auto session = model->new_session({.n_ctx = 64});
    ASSERT_TRUE(session->append({1, 300, 400}).ok());
    float largest = 0;
    for (const float logit : session->logits()) largest = std::max(largest, std::abs(logit));
    EXPECT_GT(largest, 0.1f);
    EXPECT_LT(largest, 1000.0f);
  }
}

TEST(Synth, TheSameSeedGivesTheSameBytes) {
  const std::string dir = testing::temporary_dir();
  ASSERT_TRUE(synthesize(dir + "/a", {.seed = 5}).ok());
  ASSERT_TRUE(synthesize(dir + "/b", {.seed = 5}).ok());
  ASSERT_TRUE(synthesize(dir + "/c", {.seed = 6}).ok());
  EXPECT_EQ(testing::read_file(dir + "/a"), testing::read_file(dir + "/b"));
  EXPECT_NE(testing::read_file(dir + "/a"), testing::read_file(dir + "/c"));
}

TEST(Synth, RefusesUnknownNamesWithTheKnownOnes) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  const Status shape = synthesize(path, {.shape = "gpt-9"});
  EXPECT_EQ(shape.code(), StatusCode::invalid_argument);
  EXPECT_NE(shape.message().find("tinyllama-1.1b"), std::string::npos);
  const Status type = synthesize(path, {.type = "iq2_xxs"});
  EXPECT_EQ(type.code(), StatusCode::invalid_argument);
  EXPECT_NE(type.message().find("q4_0"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Synth, CancelledOrFailedItLeavesAnEarlierFileAlone) {
  const std::string dir = testing::temporary_dir();
  testing::write_file(dir + "/model.gguf", "earlier");
  const Status cancelled =
      synthesize(dir + "/model.gguf", {.on_progress = [](double) { return false; }});
  EXPECT_EQ(cancelled.code(), StatusCode::cancelled);
  EXPECT_EQ(testing::read_file(dir + "/model.gguf"), "earlier");
  const auto entries = std::distance(std::filesystem::directory_iterator(dir), {});
  EXPECT_EQ(entries, 1) << "a temporary file was left";
}

TEST(Synth, TakesAVocabularyFromAFile) {
  CRIA_SHARED_FILE(dir, "");
  for (const char* file :
       {"models/stories260K-f32.gguf", "models/tok512.model", "vocabs/ggml-vocab-gpt-2.gguf"}) {
    const std::string path = testing::temporary_dir() + "/model.gguf";
    const Status status = synthesize(path, {.vocabulary_path = dir + file});
    ASSERT_TRUE(status.ok()) << status.message();
    const auto model = Model::open(path);
    ASSERT_TRUE(model.ok()) << model.status().message();
    const auto original = Tokenizer::open(dir + file);
    ASSERT_TRUE(original.ok());
    EXPECT_EQ(*model->tokenizer().encode("Hello world"), *original->encode("Hello world"));
  }
}

}  // namespace
}  // namespace cria
