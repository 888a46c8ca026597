// Prefixes that sequences share: what is found, what gives way, and that no bit changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/prefix_tree.h"
#include "engine/sequence.h"
#include "load_tiny.h"

namespace cria::engine {
namespace {

using Tokens = std::vector<TokenId>;

Tokens joined(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class Prefix : public ::testing::Test {
 protected:
  std::shared_ptr<Engine> engine(int64_t n_kv_tokens) {
    auto made = Engine::create(model_, {.n_kv_tokens = n_kv_tokens, .keep_prefixes = true});
    EXPECT_TRUE(made.ok()) << made.status().message();
    return *made;
  }
  // Evaluates tokens in a new sequence after what is reused; returns that.
  int64_t eval(const std::shared_ptr<Engine>& engine, const Tokens& tokens,
               std::unique_ptr<Sequence>& sequence) {
    sequence = Sequence::create(engine, 200);
    const int64_t n_reused = sequence->adopt_prefix(tokens);
    const Status status =
        sequence->eval(std::span(tokens).subspan(static_cast<size_t>(n_reused)), {});
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(sequence->tokens(), tokens);
    return n_reused;
  }
  std::vector<float> fresh_logits(const Tokens& tokens) {
    auto sequence = Sequence::create(model_, {.n_ctx = 200});
    EXPECT_TRUE((*sequence)->eval(tokens, {}).ok());
    return {(*sequence)->logits().begin(), (*sequence)->logits().end()};
  }

  const std::shared_ptr<const model::Model> model_ = load_tiny({});
};

TEST_F(Prefix, ALivingSequencesFullPagesAreShared) {
  const auto shared = engine(400);
  const Tokens head = text_of(70, 1);
  std::unique_ptr<Sequence> first, second;
  EXPECT_EQ(eval(shared, joined(head, text_of(9, 2)), first), 0);
  const Tokens other = joined(head, text_of(20, 3));
  EXPECT_EQ(eval(shared, other, second), 64);
  EXPECT_EQ(first->pages()[0], second->pages()[0]);
  EXPECT_EQ(first->pages()[1], second->pages()[1]);
  EXPECT_NE(first->pages()[2], second->pages()[2]);
  EXPECT_TRUE(same(second->logits(), fresh_logits(other)));
}

TEST_F(Prefix, AnEndedSequencesLastPageIsCopiedToTheToken) {
  const auto shared = engine(400);
  const Tokens head = text_of(45, 1);
  std::unique_ptr<Sequence> sequence;
  eval(shared, joined(head, text_of(9, 2)), sequence);
  sequence.reset();
  const Tokens other = joined(head, text_of(20, 3));
  EXPECT_EQ(eval(shared, other, sequence), 45);
  EXPECT_TRUE(same(sequence->logits(), fresh_logits(other)));
}

TEST_F(Prefix, TheSameTextAgainLeavesOneTokenToEvaluate) {
  const auto shared = engine(400);
  const Tokens text = text_of(64, 1);
  std::unique_ptr<Sequence> sequence;
  eval(shared, text, sequence);
  sequence.reset();
  EXPECT_EQ(eval(shared, text, sequence), 63);
  EXPECT_TRUE(same(sequence->logits(), fresh_logits(text)));
}

TEST_F(Prefix, ARewoundSequenceDoesNotWriteIntoPagesOfOthers) {
  const auto shared = engine(400);
  const Tokens text = text_of(80, 1);
  std::unique_ptr<Sequence> first, second;
  eval(shared, text, first);
  eval(shared, joined(text, text_of(3, 9)), second);
  ASSERT_TRUE(first->rewind(40).ok());
  ASSERT_TRUE(first->eval(text_of(30, 5), {}).ok());
  const Tokens more = text_of(5, 6);
  ASSERT_TRUE(second->eval(more, {}).ok());
  EXPECT_TRUE(same(second->logits(), fresh_logits(joined(joined(text, text_of(3, 9)), more))));
  Tokens kept(text.begin(), text.begin() + 40);
  EXPECT_TRUE(same(first->logits(), fresh_logits(joined(kept, text_of(30, 5)))));
}

TEST_F(Prefix, TheLongestUnusedGivesWayAndLivingOnesNever) {
  const auto shared = engine(6 * 32);
  std::unique_ptr<Sequence> living, passing;
  const Tokens kept = text_of(64, 1), old = text_of(64, 2), recent = text_of(64, 3);
  eval(shared, kept, living);
  eval(shared, old, passing);
  passing.reset();
  eval(shared, recent, passing);
  passing.reset();
  EXPECT_EQ(shared->pool().n_free(), 0);
  eval(shared, text_of(40, 4), passing);  // takes two pages: those of `old`
  passing->leave();
  auto probe = Sequence::create(shared, 200);
  EXPECT_EQ(probe->adopt_prefix(recent), 63);
  probe = Sequence::create(shared, 200);
  EXPECT_LT(probe->adopt_prefix(old), 63);
  EXPECT_TRUE(same(living->logits(), fresh_logits(kept)));
}

TEST_F(Prefix, NoPageIsLostWhateverComesAndGoes) {
  const auto shared = engine(20 * 32);
  std::mt19937 random(5);  // NOLINT: a fixed seed
  std::vector<std::unique_ptr<Sequence>> living;
  for (int i = 0; i < 300; ++i) {
    if (living.size() > 3 || (!living.empty() && random() % 3 == 0)) {
      living.erase(living.begin() + static_cast<int64_t>(random() % living.size()));
      continue;
    }
    Tokens text = text_of(static_cast<int>(1 + random() % 70), static_cast<uint32_t>(random() % 3));
    text = joined(
        text, text_of(static_cast<int>(1 + random() % 30), static_cast<uint32_t>(random() % 50)));
    auto sequence = Sequence::create(shared, 200);
    const int64_t n_reused = sequence->adopt_prefix(text);
    ASSERT_TRUE(sequence->eval(std::span(text).subspan(static_cast<size_t>(n_reused)), {}).ok());
    if (i % 20 == 0) {
      EXPECT_TRUE(same(sequence->logits(), fresh_logits(text))) << i;
    }
    if (random() % 2 == 0) {
      ASSERT_TRUE(sequence->rewind(static_cast<int64_t>(random() % text.size())).ok());
      ASSERT_TRUE(sequence->eval(text_of(3, static_cast<uint32_t>(i)), {}).ok());
    }
    living.push_back(std::move(sequence));
  }
  living.clear();
  EXPECT_EQ(shared->pool().n_free() + shared->prefixes()->n_pages(), 20);
  shared->prefixes()->clear();
  EXPECT_EQ(shared->pool().n_free(), 20);
}

TEST_F(Prefix, TheTreeFindsWhatItHolds) {
  auto pool = ops::KvPool::create({.n_layers = 1, .n_kv_heads = 1, .head_dim = 8}, 4);
  PrefixTree tree(*pool);
  const Tokens text = text_of(40, 1);
  const std::vector<int32_t> pages = {pool->take(), pool->take()};
  tree.insert(text, pages, false);
  EXPECT_EQ(tree.n_pages(), 1);
  EXPECT_EQ(tree.find(std::span(text).first(31)).n_tokens(), 31);
  tree.insert(text, pages, true);
  EXPECT_EQ(tree.n_pages(), 2);
  const PrefixTree::Match match = tree.find(text);
  EXPECT_EQ(match.n_tokens(), 40);
  EXPECT_EQ(match.partial_page, pages[1]);
  EXPECT_EQ(pool->n_references(pages[0]), 3);
  EXPECT_EQ(tree.find(text_of(40, 2)).n_tokens(), 0);
}

}  // namespace
}  // namespace cria::engine
