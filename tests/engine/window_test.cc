// Models with a sliding window: what no later token sees is given back, and nothing else changes.
#include <gtest/gtest.h>

#include <cstring>

#include "base/checksum.h"
#include "engine/generate.h"
#include "engine/scheduler.h"
#include "engine/session_file.h"
#include "load_tiny.h"

namespace cria::engine {
namespace {

constexpr int kWindow = 40;

class Window : public ::testing::Test {
 protected:
  // A small chunk: pages are given back while a prompt is evaluated.
  std::unique_ptr<Sequence> sequence(int n_chunk = 48, int n_ctx = 1000) const {
    auto made = Sequence::create(model_, {.n_ctx = n_ctx, .n_chunk = n_chunk});
    EXPECT_TRUE(made.ok()) << made.status().message();
    return std::move(*made);
  }
  static int64_t n_pages_held(Sequence& sequence) {
    return sequence.engine().pool().n_pages() - sequence.engine().pool().n_free();
  }
  // The logits after all of text, from one pass.
  std::vector<float> logits_after(std::span<const TokenId> text) const {
    const auto whole = sequence(1000);
    EXPECT_TRUE(whole->eval(text, {}).ok());
    return {whole->logits().begin(), whole->logits().end()};
  }

  const std::shared_ptr<const model::Model> model_ = load_tiny({.sliding_window = kWindow});
};

TEST_F(Window, PagesBehindItAreGivenBackAndNoBitChanges) {
  const auto text = text_of(900, 1);
  const auto sequence = this->sequence();
  const auto n_most = ops::KvPool::pages_for(
      Sequence::most_held(model_->config, sequence->n_ctx(), sequence->engine().n_chunk()));
  ASSERT_LT(n_most, ops::KvPool::pages_for(900));
  for (size_t begin = 0; begin < text.size(); begin += 100) {
    const auto part = std::span(text).subspan(begin, 100);
    ASSERT_TRUE(sequence->eval(part, {}).ok());
    EXPECT_LE(n_pages_held(*sequence), n_most);
    EXPECT_TRUE(same(sequence->logits(), logits_after(std::span(text).first(begin + 100))))
        << begin;
  }
  EXPECT_EQ(sequence->n_released(), (900 - Sequence::kRewindSlack + 1 - kWindow) / 32 * 32);
  EXPECT_EQ(n_pages_held(*sequence), ops::KvPool::pages_for(900) - sequence->n_released() / 32);
}

TEST_F(Window, ItCanBeRewoundALittleOrToTheBeginning) {
  const auto text = text_of(800, 2);
  const auto sequence = this->sequence();
  ASSERT_TRUE(sequence->eval(text, {}).ok());
  const int64_t least = sequence->n_released() + kWindow;
  EXPECT_EQ(sequence->rewind(least - 1).code(), StatusCode::invalid_argument);
  EXPECT_EQ(sequence->rewindable(least - 1), 0);
  EXPECT_EQ(sequence->tokens().size(), 800u);
  ASSERT_TRUE(sequence->rewind(least).ok());
  ASSERT_TRUE(sequence->refresh_logits(nullptr).ok());  // looks back furthest
  EXPECT_TRUE(
      same(sequence->logits(), logits_after(std::span(text).first(static_cast<size_t>(least)))));
  ASSERT_TRUE(sequence->eval(std::span(text).subspan(static_cast<size_t>(least)), {}).ok());
  EXPECT_TRUE(same(sequence->logits(), logits_after(text)));
  ASSERT_TRUE(sequence->rewind(0).ok());
  EXPECT_EQ(sequence->n_released(), 0);
  EXPECT_EQ(n_pages_held(*sequence), 0);
  ASSERT_TRUE(sequence->eval(text, {}).ok());
  EXPECT_TRUE(same(sequence->logits(), logits_after(text)));
}

TEST_F(Window, ACancelledPromptTakesNothingAway) {
  const auto text = text_of(950, 3);
  const auto sequence = this->sequence();
  ASSERT_TRUE(sequence->eval(std::span(text).first(350), {}).ok());
  int n_polls = 0;
  const std::function<bool()> cancel = [&] { return ++n_polls > 20; };
  const auto rest = std::span(text).subspan(350);
  const Status status = sequence->eval(rest, {.should_cancel = &cancel});
  ASSERT_EQ(status.code(), StatusCode::cancelled);
  EXPECT_EQ(sequence->tokens().size(), 350u);
  EXPECT_EQ(n_pages_held(*sequence), ops::KvPool::pages_for(350) - sequence->n_released() / 32);
  ASSERT_TRUE(sequence->eval(rest, {}).ok());
  EXPECT_TRUE(same(sequence->logits(), logits_after(text)));
}

TEST_F(Window, APromptThatJustFitsNeedsNoPageMore) {
  const auto tight = sequence(48, 64);
  ASSERT_TRUE(tight->eval(text_of(40, 1), {}).ok());
  const auto result = generate(*tight, text_of(20, 2), {.max_tokens = 4}, {});
  EXPECT_TRUE(result.ok()) << result.status().message();
}

TEST_F(Window, ARefusedPromptForgetsNothing) {
  const auto sequence = this->sequence(48, 400);
  ASSERT_TRUE(sequence->eval(text_of(390, 1), {}).ok());
  ASSERT_GT(sequence->n_released(), 0);
  const auto result = generate(*sequence, text_of(410, 2), {.overflow = Overflow::shift}, {});
  EXPECT_EQ(result.status().code(), StatusCode::context_full);
  EXPECT_EQ(sequence->tokens().size(), 390u);
  EXPECT_GT(sequence->n_released(), 0);
}

TEST_F(Window, ASavedOneGoesOnAndAForgedOneIsRefused) {
  const std::string path = testing::temporary_dir() + "/window.kv";
  const auto text = text_of(700, 4);
  const auto saved = sequence(), restored = sequence();
  ASSERT_TRUE(saved->eval(text, {}).ok());
  ASSERT_TRUE(save_sequence(*saved, path).ok());
  const auto n_released = static_cast<uint64_t>(saved->n_released());
  const Status status = restore_sequence(path, *restored);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_GT(restored->n_released(), 0);
  const auto more = text_of(40, 5);
  ASSERT_TRUE(saved->eval(more, {}).ok());
  ASSERT_TRUE(restored->eval(more, {}).ok());
  EXPECT_TRUE(same(restored->logits(), saved->logits()));

  // Other numbers of released tokens under a head whose checksum fits.
  constexpr size_t kReleasedAt = 56, kHeadEnd = 104;  // kv_file.cc
  const std::string file = testing::read_file(path);
  uint64_t released = 0;
  std::memcpy(&released, file.data() + kReleasedAt, sizeof released);
  ASSERT_EQ(released, n_released);
  const std::vector<TokenId> held = restored->tokens();
  for (const uint64_t forged :
       {uint64_t{0}, released - 1, released + 320, uint64_t{1} << 40, UINT64_MAX - 31}) {
    std::string other = file;
    std::memcpy(other.data() + kReleasedAt, &forged, sizeof forged);
    const uint64_t sum = checksum(std::as_bytes(std::span(other).first(kHeadEnd)));
    std::memcpy(other.data() + kHeadEnd, &sum, sizeof sum);
    testing::write_file(path, other);
    const Status refused = restore_sequence(path, *restored);
    EXPECT_EQ(refused.code(), StatusCode::corrupt) << forged << ": " << refused.message();
    EXPECT_EQ(restored->tokens(), held);
  }
}

// With one layer, logits depend on nothing but what is seen and on distances.
TEST(WindowDrop, WhatWasLeftBehindCanBeDropped) {
  const auto model = load_tiny({.n_layers = 1, .sliding_window = kWindow});
  const SessionOptions options{.n_ctx = 500, .k_type = KvType::f32, .v_type = KvType::f32};
  auto made = Sequence::create(model, options), fresh = Sequence::create(model, options);
  Sequence& sequence = **made;
  std::vector<TokenId> text = text_of(450, 6);
  ASSERT_TRUE(sequence.eval(text, {}).ok());
  ASSERT_GT(sequence.n_released(), 0);
  EXPECT_EQ(sequence.drop(400, 3).code(), StatusCode::invalid_argument);
  const auto n_released = sequence.n_released();
  ASSERT_TRUE(sequence.drop_released().ok());
  text.erase(text.begin(), text.begin() + n_released);
  EXPECT_EQ(sequence.tokens(), text);
  EXPECT_EQ(sequence.n_released(), 0);
  const TokenId next = 9;
  ASSERT_TRUE(sequence.eval({&next, 1}, {}).ok());
  text.push_back(next);
  ASSERT_TRUE((*fresh)->eval(text, {}).ok());
  for (size_t i = 0; i < text.size() && i < sequence.logits().size(); ++i) {
    EXPECT_NEAR(sequence.logits()[i], (*fresh)->logits()[i], 2e-5);
  }
  ASSERT_TRUE(sequence.drop(5, 10).ok()) << "now parts from the middle too";
}

TEST_F(Window, RepliesGoOnBeyondTheContext) {
  for (const Overflow overflow : {Overflow::shift, Overflow::slide}) {
    const auto sequence = this->sequence(48, 400);
    GenerateOptions options;
    options.max_tokens = 700;
    options.ignore_eos = true;
    options.overflow = overflow;
    const auto result = generate(*sequence, text_of(300, 7), options, {});
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(result->n_generated, 700);
    EXPECT_EQ(static_cast<int>(sequence->tokens().size()), 1000 - result->n_dropped);
  }
}

TEST_F(Window, JobsShareAPoolThatAllTheirTokensWouldNotFitInto) {
  const auto engine =
      Engine::create(model_, {.n_kv_tokens = 1300, .keep_prefixes = true, .n_chunk = 48});
  Scheduler scheduler(*engine, {.n_ctx = 1200, .max_running = 2});
  GenerateOptions options;
  options.max_tokens = 400;
  options.ignore_eos = true;
  std::vector<std::string> texts(2);
  for (size_t i = 0; i < texts.size(); ++i) {
    scheduler.add({.prompt = text_of(700, 8 + static_cast<uint32_t>(i)),
                   .options = options,
                   .on_piece = {},
                   .on_done = [&texts, i](Result<GenerateResult> result) {
                     ASSERT_TRUE(result.ok()) << result.status().message();
                     texts[i] = result->text;
                   }});
  }
  for (int i = 0; i < 5000 && scheduler.step(); ++i) {
  }
  EXPECT_EQ(scheduler.stats().n_preemptions, 0) << "2,200 tokens, of which windows see few";
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto alone = sequence(48, 1200);
    const auto result = generate(*alone, text_of(700, 8 + static_cast<uint32_t>(i)), options, {});
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(texts[i], result->text) << i;
  }
}

}  // namespace
}  // namespace cria::engine
