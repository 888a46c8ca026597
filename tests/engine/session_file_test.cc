// A saved sequence goes on as it would have; a damaged file changes nothing.
#include "engine/session_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "load_tiny.h"

namespace cria::engine {
namespace {

std::unique_ptr<Sequence> sequence_of(const std::shared_ptr<const model::Model>& model,
                                      const SessionOptions& options = {.n_ctx = 100}) {
  auto sequence = Sequence::create(model, options);
  EXPECT_TRUE(sequence.ok()) << sequence.status().message();
  return std::move(*sequence);
}

class SessionFile : public ::testing::Test {
 protected:
  const std::shared_ptr<const model::Model> model_ = load_tiny({});
  const std::string path_ = testing::temporary_dir() + "/session.kv";
};

TEST_F(SessionFile, ARestoredSequenceGoesOnWithTheSameBits) {
  const auto saved = sequence_of(model_);
  ASSERT_TRUE(saved->eval(text_of(70, 5), {}).ok());
  ASSERT_TRUE(save_sequence(*saved, path_).ok());
  const auto restored = sequence_of(model_, {.n_ctx = 80, .n_threads = 1});
  ASSERT_TRUE(restored->eval(text_of(80, 9), {}).ok());  // all of its pages are in use
  const Status status = restore_sequence(path_, *restored);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(restored->tokens(), saved->tokens());
  EXPECT_TRUE(same(restored->logits(), saved->logits()));
  const auto more = text_of(7, 3);
  ASSERT_TRUE(saved->eval(more, {}).ok());
  ASSERT_TRUE(restored->eval(more, {}).ok());
  EXPECT_TRUE(same(restored->logits(), saved->logits()));
  EXPECT_FALSE(saved->logits().empty());
}

TEST_F(SessionFile, AnEmptyOneAndOneWithoutLogits) {
  const auto saved = sequence_of(model_), restored = sequence_of(model_);
  ASSERT_TRUE(save_sequence(*saved, path_).ok());
  ASSERT_TRUE(restored->eval(text_of(3, 1), {}).ok());
  ASSERT_TRUE(restore_sequence(path_, *restored).ok());
  EXPECT_TRUE(restored->tokens().empty());
  ASSERT_TRUE(saved->eval(text_of(40, 1), {}).ok());
  ASSERT_TRUE(saved->rewind(33).ok());
  ASSERT_TRUE(save_sequence(*saved, path_).ok());
  ASSERT_TRUE(restore_sequence(path_, *restored).ok());
  EXPECT_EQ(restored->tokens().size(), 33u);
  EXPECT_TRUE(restored->logits().empty());
}

TEST_F(SessionFile, FilesOfOtherModelsTypesTablesAndSizesAreRefused) {
  const auto saved = sequence_of(model_);
  ASSERT_TRUE(saved->eval(text_of(70, 5), {}).ok());
  ASSERT_TRUE(save_sequence(*saved, path_).ok());
  const auto refusal = [&](Sequence& sequence) {
    const Status status = restore_sequence(path_, sequence);
    EXPECT_EQ(status.code(), StatusCode::invalid_argument) << status.message();
    EXPECT_NE(status.message().find(path_), std::string::npos) << status.message();
    EXPECT_TRUE(sequence.tokens().empty());
    return status.message();
  };
  const auto other = sequence_of(load_tiny({.seed = 99}));
  EXPECT_NE(refusal(*other).find("another model"), std::string::npos);
  const auto f32 = sequence_of(model_, {.n_ctx = 100, .k_type = KvType::f32});
  EXPECT_NE(refusal(*f32).find("KV cache"), std::string::npos);
  const auto small = sequence_of(model_, {.n_ctx = 69});
  EXPECT_NE(refusal(*small).find("70"), std::string::npos);
  if (model_->kernels.name != std::string("scalar")) {
    const auto scalar = sequence_of(load_tiny({}, "scalar"));
    EXPECT_NE(refusal(*scalar).find("kernel table"), std::string::npos);
  }
}

TEST_F(SessionFile, NoTruncatedOrFlippedFileIsTaken) {
  const auto saved = sequence_of(model_);
  ASSERT_TRUE(saved->eval(text_of(40, 5), {}).ok());
  ASSERT_TRUE(save_sequence(*saved, path_).ok());
  const std::string whole = testing::read_file(path_);
  const auto restored = sequence_of(model_);
  const auto kept = text_of(5, 2);
  ASSERT_TRUE(restored->eval(kept, {}).ok());
  std::mt19937 random(3);                // NOLINT: a fixed seed
  const auto position = [&](size_t i) {  // all of the head, then anywhere
    return i < 200 && i < whole.size() ? i : random() % whole.size();
  };
  for (size_t i = 0; i < 1000; ++i) {
    const size_t at = position(i);
    testing::write_file(path_, whole.substr(0, at));
    EXPECT_FALSE(restore_sequence(path_, *restored).ok()) << "cut at " << at;
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random() % 8));
    testing::write_file(path_, flipped);
    EXPECT_FALSE(restore_sequence(path_, *restored).ok()) << "flipped at " << at;
  }
  testing::write_file(path_, whole + "x");
  EXPECT_FALSE(restore_sequence(path_, *restored).ok());
  EXPECT_EQ(restored->tokens(), kept);
  testing::write_file(path_, whole);
  EXPECT_TRUE(restore_sequence(path_, *restored).ok());
}

TEST_F(SessionFile, AMissingFileIsNotFound) {
  const auto sequence = sequence_of(model_);
  EXPECT_EQ(restore_sequence(path_ + ".none", *sequence).code(), StatusCode::not_found);
}

}  // namespace
}  // namespace cria::engine
