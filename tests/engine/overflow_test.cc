// What happens where the context is full: dropping from the middle, and the policies on top of it.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/generate.h"
#include "load_tiny.h"

namespace cria::engine {
namespace {

// Keys that are moved must be those that their tokens would have had at the earlier position. With
// one layer, keys and values depend on nothing but token and position, so the logits after a drop
// are those of a fresh evaluation, but for rounding.
void expect_drop_is_a_fresh_start(testing::TinyModel tiny, const SessionOptions& options,
                                  double tolerance) {
  tiny.n_layers = 1;
  const auto model = load_tiny(tiny);
  auto moved = Sequence::create(model, options), fresh = Sequence::create(model, options);
  ASSERT_TRUE(moved.ok()) << moved.status().message();
  std::vector<TokenId> text = text_of(100, 5);
  ASSERT_TRUE((*moved)->eval(text, {}).ok());
  ASSERT_TRUE((*moved)->drop(7, 41).ok());
  text.erase(text.begin() + 7, text.begin() + 48);
  ASSERT_EQ((*moved)->tokens(), text);
  const TokenId next = 9;
  ASSERT_TRUE((*moved)->eval({&next, 1}, {}).ok());
  text.push_back(next);
  ASSERT_TRUE((*fresh)->eval(text, {}).ok());
  double largest = 0;
  for (size_t i = 0; i < (*fresh)->logits().size(); ++i) {
    largest = std::max<double>(largest, std::abs((*moved)->logits()[i] - (*fresh)->logits()[i]));
  }
  EXPECT_LE(largest, tolerance);
}

TEST(Drop, TurnsKeysBackToEarlierPositions) {
  const SessionOptions f32{.n_ctx = 128, .k_type = KvType::f32, .v_type = KvType::f32};
  expect_drop_is_a_fresh_start({}, f32, 2e-5);
  expect_drop_is_a_fresh_start({.architecture = "qwen2", .attention_biases = true}, f32, 2e-5);
  expect_drop_is_a_fresh_start({.rope_scaling = "yarn", .rope_factor = 4, .n_ctx_original = 32},
                               f32, 2e-5);
  expect_drop_is_a_fresh_start({.n_rot = 8}, f32, 2e-5);
  expect_drop_is_a_fresh_start({}, {.n_ctx = 128}, 5e-3);
  expect_drop_is_a_fresh_start({.head_dim = 32},
                               {.n_ctx = 128, .k_type = KvType::q8_0, .v_type = KvType::f16}, 5e-2);
}

TEST(Drop, ChecksItsPartAndKeepsTheLastLogits) {
  auto made = Sequence::create(load_tiny({}), {.n_ctx = 100});
  Sequence& sequence = **made;
  ASSERT_TRUE(sequence.eval(text_of(40, 1), {}).ok());
  const std::vector<float> logits(sequence.logits().begin(), sequence.logits().end());
  EXPECT_EQ(sequence.drop(-1, 2).code(), StatusCode::invalid_argument);
  EXPECT_EQ(sequence.drop(0, 41).code(), StatusCode::invalid_argument);
  EXPECT_EQ(sequence.drop(41, 0).code(), StatusCode::invalid_argument);
  ASSERT_TRUE(sequence.drop(0, 33).ok());
  EXPECT_TRUE(same(sequence.logits(), logits));
  ASSERT_TRUE(sequence.drop(5, 2).ok());
  EXPECT_TRUE(sequence.logits().empty()) << "the last token is gone";
}

TEST(Drop, PagesThatOthersHoldStayAsTheyAre) {
  const auto model = load_tiny({});
  auto engine = Engine::create(model, {.n_kv_tokens = 400, .keep_prefixes = true});
  auto first = Sequence::create(*engine, 200), second = Sequence::create(*engine, 200);
  const auto text = text_of(80, 1);
  ASSERT_TRUE(first->eval(text, {}).ok());
  EXPECT_EQ(second->adopt_prefix(text), 64);
  ASSERT_TRUE(first->drop(3, 50).ok());
  const auto rest = std::span(text).subspan(64);
  ASSERT_TRUE(second->eval(rest, {}).ok());
  auto fresh = Sequence::create(model, {.n_ctx = 200});
  ASSERT_TRUE((*fresh)->eval(text, {}).ok());
  EXPECT_TRUE(same(second->logits(), (*fresh)->logits()));
  // What is left of the first one is no prefix for anybody.
  const std::vector<TokenId> left = first->tokens();
  first->leave();
  auto third = Sequence::create(*engine, 200);
  EXPECT_LE(third->adopt_prefix(left), 3);
}

GenerateOptions long_reply(Overflow overflow) {
  GenerateOptions options;
  options.max_tokens = 300;
  options.ignore_eos = true;
  options.overflow = overflow;
  options.n_keep = 5;
  return options;
}

TEST(Overflow, AReplyGoesOnAndSaysWhatItForgot) {
  const auto model = load_tiny({});
  for (const Overflow overflow : {Overflow::shift, Overflow::slide}) {
    auto sequence = Sequence::create(model, {.n_ctx = 100});
    const auto prompt = text_of(60, 3);
    const auto result = generate(**sequence, prompt, long_reply(overflow), {});
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(result->finish, FinishReason::max_tokens);
    EXPECT_EQ(result->n_generated, 300);
    const auto& held = (*sequence)->tokens();
    EXPECT_LE(held.size(), 100u);
    EXPECT_EQ(result->n_dropped + static_cast<int>(held.size()), 60 + 300);
    EXPECT_TRUE(std::equal(held.begin(), held.begin() + 5, prompt.begin()));
  }
  auto sequence = Sequence::create(model, {.n_ctx = 100});
  const auto result = generate(**sequence, text_of(60, 3), long_reply(Overflow::error), {});
  EXPECT_EQ(result->finish, FinishReason::context_full);
  EXPECT_EQ(result->n_dropped, 0);
}

// The newest token stays, and where not even one can go the reply ends as without a policy.
TEST(Overflow, HardlyAnyRoomBesideWhatIsKept) {
  const auto model = load_tiny({});
  for (const Overflow overflow : {Overflow::shift, Overflow::slide}) {
    for (const int n_keep : {0, 4, 28, 30, 31, 32, 500}) {
      GenerateOptions options = long_reply(overflow);
      options.n_keep = n_keep;
      options.max_tokens = 60;
      auto sequence = Sequence::create(model, {.n_ctx = 32});
      const auto result = generate(**sequence, text_of(10, 3), options, {});
      ASSERT_TRUE(result.ok()) << n_keep << ": " << result.status().message();
      EXPECT_EQ(result->finish,
                n_keep >= 31 ? FinishReason::context_full : FinishReason::max_tokens)
          << n_keep;
    }
  }
}

TEST(Overflow, NothingIsForgottenForNothing) {
  auto made = Sequence::create(load_tiny({}), {.n_ctx = 32});
  GenerateOptions options = long_reply(Overflow::shift);
  options.max_tokens = 22;
  const auto result = generate(**made, text_of(10, 3), options, {});
  EXPECT_EQ(result->n_dropped, 0);
  EXPECT_EQ((*made)->tokens().size(), 32u);
  const std::vector<TokenId> bad = {5, 999999};
  EXPECT_EQ(generate(**made, bad, options, {}).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ((*made)->tokens().size(), 32u);
}

TEST(Overflow, APromptMakesRoomAmongWhatIsHeldButMustFitItself) {
  auto made = Sequence::create(load_tiny({}), {.n_ctx = 100});
  Sequence& sequence = **made;
  ASSERT_TRUE(sequence.eval(text_of(90, 1), {}).ok());
  GenerateOptions options = long_reply(Overflow::shift);
  options.max_tokens = 1;
  const auto result = generate(sequence, text_of(80, 2), options, {});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_GT(result->n_dropped, 0);
  EXPECT_EQ(generate(sequence, text_of(101, 2), options, {}).status().code(),
            StatusCode::context_full);
}

}  // namespace
}  // namespace cria::engine
