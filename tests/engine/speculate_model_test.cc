// Draft models: whose vocabulary differs is refused; what they hold follows the text.
#include "engine/speculate_model.h"

#include <gtest/gtest.h>

#include "load_tiny.h"

namespace cria::engine {
namespace {

std::unique_ptr<Sequence> open_target(const std::shared_ptr<const model::Model>& model) {
  auto sequence = Sequence::create(model, {.n_threads = 1});
  EXPECT_TRUE(sequence.ok()) << sequence.status().message();
  return std::move(*sequence);
}

// The tiny model with some bytes of its file replaced by as many others.
std::shared_ptr<const model::Model> load_changed(const std::string& from, const std::string& to) {
  const std::string path = testing::temporary_dir() + "/changed.gguf";
  testing::write_tiny_model({}, path);
  std::string bytes = testing::read_file(path);
  const size_t at = bytes.find(from);
  EXPECT_NE(at, std::string::npos);
  bytes.replace(at, from.size(), to);
  testing::write_file(path, bytes);
  auto loaded = model::load(path, {});
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  return *loaded;
}

TEST(DraftModel, AnotherVocabularyIsRefusedWithTheFirstTokenThatDiffers) {
  const auto target = load_tiny({});
  const std::string length("\3\0\0\0\0\0\0\0", 8);
  const auto changed = load_changed(length + "cat", length + "cot");
  EXPECT_TRUE(check_same_vocabulary(*target, *load_tiny({.seed = 5})).ok());
  const Status status = check_same_vocabulary(*target, *changed);
  EXPECT_EQ(status.code(), StatusCode::invalid_argument);
  for (const char* part : {"\"cot\"", "\"cat\"", "token 3", "changed.gguf"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }
  const auto sequence = open_target(target);
  EXPECT_EQ(DraftModel::create(changed, *sequence, {}).status().code(),
            StatusCode::invalid_argument);
}

TEST(DraftModel, AnotherNumberOfTokensIsRefusedWithBoth) {
  CRIA_SHARED_FILE(path, "models/stories260K-f32.gguf");
  const auto stories = model::load(path, {});
  ASSERT_TRUE(stories.ok());
  const Status status = check_same_vocabulary(*load_tiny({}), **stories);
  EXPECT_EQ(status.code(), StatusCode::invalid_argument);
  EXPECT_NE(status.message().find("512"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find(std::to_string(testing::tiny_n_vocab())), std::string::npos);
}

TEST(DraftModel, FollowsATextThatChanges) {
  const auto model = load_tiny({});
  const auto target = open_target(model);
  auto draft = DraftModel::create(model, *target, {.n_threads = 1});
  ASSERT_TRUE(draft.ok()) << draft.status().message();
  const std::vector<std::vector<TokenId>> texts = {
      {1, 262, 263, 264}, {1, 262, 263, 264, 265, 266}, {1, 262, 300}, {1, 262, 300}, {1}};
  const std::vector<int64_t> n_missing = {4, 2, 1, 1, 1};
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ((*draft)->n_missing(texts[i]), n_missing[i]) << i;
    ASSERT_TRUE((*draft)->follow(texts[i], {}).ok());
    const auto fresh = open_target(model);
    ASSERT_TRUE(fresh->eval(texts[i], {}).ok());
    const auto logits = fresh->logits();
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    const DraftModel::Guess guess = (*draft)->guess();
    EXPECT_EQ(guess.id, best) << i;
    EXPECT_GT(guess.probability, 0);
    EXPECT_LE(guess.probability, 1);
    ASSERT_TRUE((*draft)->go_on(guess.id).ok());
    ASSERT_TRUE((*draft)->go_on(299).ok());
  }
}

TEST(DraftModel, CanBeCancelled) {
  const auto model = load_tiny({});
  const auto target = open_target(model);
  auto draft = DraftModel::create(model, *target, {.n_threads = 1});
  const std::vector<TokenId> text = {1, 262, 263};
  EXPECT_EQ((*draft)->follow(text, [] { return true; }).code(), StatusCode::cancelled);
  EXPECT_TRUE((*draft)->follow(text, {}).ok());
}

}  // namespace
}  // namespace cria::engine
