#include "sample/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/allocation_count.h"

namespace cria::sample {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

// No filter at all: temperature 1 and nothing else.
SamplerOptions plain() {
  SamplerOptions options;
  options.temperature = 1;
  options.top_k = 0;
  options.top_p = 1;
  options.min_p = 0;
  return options;
}

std::vector<float> logs(const std::vector<float>& probabilities) {
  std::vector<float> logits;
  for (float p : probabilities) logits.push_back(std::log(p));
  return logits;
}

std::map<TokenId, int> draw_many(const SamplerOptions& options, const std::vector<float>& logits,
                                 int n_draws) {
  Sampler sampler(options, static_cast<TokenId>(logits.size()));
  std::map<TokenId, int> counts;
  for (int i = 0; i < n_draws; ++i) {
    const auto token = sampler.sample(logits);
    EXPECT_TRUE(token.ok()) << token.status().message();
    if (token.ok()) ++counts[*token];
  }
  return counts;
}

std::set<TokenId> support(const SamplerOptions& options, const std::vector<float>& logits) {
  std::set<TokenId> tokens;
  for (const auto& [token, count] : draw_many(options, logits, 3000)) tokens.insert(token);
  return tokens;
}

// Chi-square of the draws against the expected distribution, with a fixed seed.
void expect_distribution(const SamplerOptions& options, const std::vector<float>& logits,
                         const std::vector<double>& expected, double limit) {
  constexpr int kDraws = 20000;
  const auto counts = draw_many(options, logits, kDraws);
  double chi_square = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto found = counts.find(static_cast<TokenId>(i));
    const double n = found == counts.end() ? 0 : found->second;
    if (expected[i] == 0) {
      EXPECT_EQ(n, 0) << "token " << i;
    } else {
      chi_square +=
          (n - kDraws * expected[i]) * (n - kDraws * expected[i]) / (kDraws * expected[i]);
    }
  }
  EXPECT_LT(chi_square, limit);
}

TEST(SamplerOptions, RefusedWithFieldValueAndRange) {
  struct Case {
    const char* field;
    const char* value;
    const char* range;
    void (*change)(SamplerOptions&);
  };
  const Case cases[] = {
      {"temperature", "nan", "0 or more", [](SamplerOptions& o) { o.temperature = kNan; }},
      {"temperature", "-0.5", "0 or more", [](SamplerOptions& o) { o.temperature = -0.5f; }},
      {"temperature", "inf", "0 or more", [](SamplerOptions& o) { o.temperature = kInfinity; }},
      {"top_p", "0;", "above 0 and at most 1", [](SamplerOptions& o) { o.top_p = 0; }},
      {"top_p", "1.5", "above 0 and at most 1", [](SamplerOptions& o) { o.top_p = 1.5f; }},
      {"top_p", "nan", "above 0 and at most 1", [](SamplerOptions& o) { o.top_p = kNan; }},
      {"typical_p", "-1;", "above 0 and at most 1", [](SamplerOptions& o) { o.typical_p = -1; }},
      {"typical_p", "nan", "above 0 and at most 1", [](SamplerOptions& o) { o.typical_p = kNan; }},
      {"min_p", "-0.1", "between 0 and 1", [](SamplerOptions& o) { o.min_p = -0.1f; }},
      {"min_p", "1.1", "between 0 and 1", [](SamplerOptions& o) { o.min_p = 1.1f; }},
      {"min_p", "nan", "between 0 and 1", [](SamplerOptions& o) { o.min_p = kNan; }},
      {"repeat_penalty", "0;", "above 0", [](SamplerOptions& o) { o.repeat_penalty = 0; }},
      {"repeat_penalty", "nan", "above 0", [](SamplerOptions& o) { o.repeat_penalty = kNan; }},
      {"presence_penalty", "nan", "finite", [](SamplerOptions& o) { o.presence_penalty = kNan; }},
      {"frequency_penalty", "inf", "finite",
       [](SamplerOptions& o) { o.frequency_penalty = kInfinity; }},
      {"repeat_last_n", "-2", "-1 or more", [](SamplerOptions& o) { o.repeat_last_n = -2; }},
      {"logit_bias", "10", "0 to 9",
       [](SamplerOptions& o) {
         o.logit_bias = {{10, 1.0f}};
       }},
      {"logit_bias", "-1", "0 to 9",
       [](SamplerOptions& o) {
         o.logit_bias = {{-1, 1.0f}};
       }},
      {"logit_bias", "nan", "a number",
       [](SamplerOptions& o) {
         o.logit_bias = {{3, kNan}};
       }},
  };
  for (const Case& c : cases) {
    SamplerOptions options;
    c.change(options);
    const Status status = check(options, 10);
    EXPECT_EQ(status.code(), StatusCode::invalid_argument) << c.field << " " << c.value;
    for (const char* part : {c.field, c.value, c.range}) {
      EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
    }
  }
  EXPECT_TRUE(check(SamplerOptions(), 10).ok());
}

TEST(Sampler, GreedyTakesTheFirstOfTheLargest) {
  SamplerOptions options;
  options.temperature = 0;
  Sampler sampler(options, 5);
  EXPECT_EQ(*sampler.sample(std::vector<float>{0, 3, 1, 3, 2}), 1);
  EXPECT_EQ(*sampler.sample(std::vector<float>{kNan, -kInfinity, -5, kNan, -6}), 2);
  EXPECT_EQ(*sampler.sample(std::vector<float>{1, 2, kInfinity, 4, kInfinity}), 2);
}

TEST(Sampler, NothingToChooseIsAnInternalError) {
  for (float temperature : {0.0f, 1.0f}) {
    SamplerOptions options;
    options.temperature = temperature;
    Sampler sampler(options, 2);
    EXPECT_EQ(sampler.sample(std::vector<float>{kNan, -kInfinity}).status().code(),
              StatusCode::internal);
    EXPECT_EQ(sampler.sample(std::vector<float>{1, 2, 3}).status().code(), StatusCode::internal);
  }
}

TEST(Sampler, DrawsFollowTheSoftmax) {
  expect_distribution(plain(), logs({0.1f, 0.2f, 0.3f, 0.4f}), {0.1, 0.2, 0.3, 0.4}, 16.3);
}

TEST(Sampler, TemperatureReshapesTheSoftmax) {
  SamplerOptions options = plain();
  options.temperature = 0.5f;  // squares the probabilities: 1, 4, 9, 16 of 30
  expect_distribution(options, logs({0.1f, 0.2f, 0.3f, 0.4f}),
                      {1 / 30.0, 4 / 30.0, 9 / 30.0, 16 / 30.0}, 16.3);
  options.temperature = 1e-30f;
  EXPECT_EQ(support(options, {1.0f, 1.5f, 0.0f}), std::set<TokenId>{1});
}

TEST(Sampler, TopKKeepsTheLargestAndTheLowerIdOfTies) {
  SamplerOptions options = plain();
  options.top_k = 2;
  expect_distribution(options, logs({0.1f, 0.2f, 0.3f, 0.4f}), {0, 0, 3 / 7.0, 4 / 7.0}, 10.9);
  EXPECT_EQ(support(options, {1, 5, 1, 1}), (std::set<TokenId>{0, 1}));
  options.top_k = 100;
  EXPECT_EQ(support(options, {0, 0, 0}), (std::set<TokenId>{0, 1, 2}));
}

TEST(Sampler, TopPKeepsTheFewestThatReachIt) {
  SamplerOptions options = plain();
  options.top_p = 0.65f;  // 0.4 + 0.3 reach it
  expect_distribution(options, logs({0.1f, 0.2f, 0.3f, 0.4f}), {0, 0, 3 / 7.0, 4 / 7.0}, 10.9);
  options.top_p = 0.75f;
  EXPECT_EQ(support(options, logs({0.1f, 0.2f, 0.3f, 0.4f})), (std::set<TokenId>{1, 2, 3}));
  options.top_p = 1e-6f;
  EXPECT_EQ(support(options, logs({0.3f, 0.4f, 0.3f})), std::set<TokenId>{1});
  // Before the temperature: a high one does not let more tokens through.
  options.top_p = 0.65f;
  options.temperature = 10;
  EXPECT_EQ(support(options, logs({0.1f, 0.2f, 0.3f, 0.4f})), (std::set<TokenId>{2, 3}));
}

TEST(Sampler, TopPReachesFarIntoALargeVocabulary) {
  // 1000 equal tokens, shuffled among 1000 impossible ones: half the mass is 500 tokens, the
  // lowest.
  std::vector<float> logits(2000, -200.0f);
  for (size_t i = 0; i < logits.size(); i += 2) logits[i] = 3;
  SamplerOptions options = plain();
  options.top_p = 0.5f;
  std::set<TokenId> tokens = support(options, logits);
  EXPECT_LE(*tokens.rbegin(), 998);
  EXPECT_GT(*tokens.rbegin(), 900);
  EXPECT_GT(tokens.size(), 450u);
}

TEST(Sampler, MinPKeepsWhatIsLikelyEnoughBesideTheBest) {
  SamplerOptions options = plain();
  options.min_p = 0.6f;  // of 0.4: 0.24
  expect_distribution(options, logs({0.1f, 0.2f, 0.3f, 0.4f}), {0, 0, 3 / 7.0, 4 / 7.0}, 10.9);
  options.min_p = 1;
  EXPECT_EQ(support(options, logs({0.2f, 0.4f, 0.4f})), (std::set<TokenId>{1, 2}));
}

TEST(Sampler, TypicalKeepsTheTokensOfExpectedInformation) {
  // Information -ln p: 0.693, 1.386, 2.079, 2.079; entropy 1.213. Distances: 0.520, 0.173, 0.866.
  SamplerOptions options = plain();
  const std::vector<float> logits = logs({0.5f, 0.25f, 0.125f, 0.125f});
  options.typical_p = 0.2f;
  EXPECT_EQ(support(options, logits), std::set<TokenId>{1});
  options.typical_p = 0.5f;
  EXPECT_EQ(support(options, logits), (std::set<TokenId>{0, 1}));
  options.typical_p = 0.8f;  // the lower id of the tie
  EXPECT_EQ(support(options, logits), (std::set<TokenId>{0, 1, 2}));
  options.typical_p = 0.999f;
  expect_distribution(options, logits, {0.5, 0.25, 0.125, 0.125}, 16.3);
}

TEST(Sampler, ExtremeLogitsAreSafeInEveryFilter) {
  SamplerOptions options = plain();
  options.top_p = 0.9f;
  options.min_p = 0.1f;
  options.typical_p = 0.9f;
  const float largest = std::numeric_limits<float>::max();
  EXPECT_EQ(support(options, {-largest, largest, 0, kNan}), std::set<TokenId>{1});
  EXPECT_EQ(support(options, {kInfinity, 1, -kInfinity, -largest}), std::set<TokenId>{0});
}

TEST(Sampler, RepeatPenaltyDividesPositiveAndMultipliesNegativeLogits) {
  SamplerOptions options;
  options.temperature = 0;
  options.repeat_penalty = 2;
  Sampler sampler(options, 3);
  sampler.accept(0);
  sampler.accept(0);  // once is as good as twice
  EXPECT_EQ(*sampler.sample(std::vector<float>{4, 2.1f, 0}), 1);
  EXPECT_EQ(*sampler.sample(std::vector<float>{4, 1.9f, 0}), 0);
  EXPECT_EQ(*sampler.sample(std::vector<float>{-1, -1.9f, -9}), 1);
  EXPECT_EQ(*sampler.sample(std::vector<float>{-1, -2.1f, -9}), 0);
}

TEST(Sampler, FrequencyPenaltyCountsAndPresencePenaltyDoesNot) {
  SamplerOptions options;
  options.temperature = 0;
  options.frequency_penalty = 1;
  options.presence_penalty = 0.5f;
  Sampler sampler(options, 2);
  for (int i = 0; i < 3; ++i) sampler.accept(0);  // 3.5 in all
  EXPECT_EQ(*sampler.sample(std::vector<float>{4, 0.6f}), 1);
  EXPECT_EQ(*sampler.sample(std::vector<float>{4, 0.4f}), 0);
}

TEST(Sampler, PenaltiesForgetWhatLeavesTheWindow) {
  SamplerOptions options;
  options.temperature = 0;
  options.presence_penalty = 10;
  options.repeat_last_n = 2;
  Sampler sampler(options, 4);
  const std::vector<float> logits = {4, 3, 2, 1};
  for (TokenId expected : {0, 1, 2, 0, 1, 2}) {
    const TokenId token = *sampler.sample(logits);
    EXPECT_EQ(token, expected);
    sampler.accept(token);
  }
  sampler.clear_history();
  EXPECT_EQ(*sampler.sample(logits), 0);

  options.repeat_last_n = -1;
  Sampler unbounded(options, 4);
  for (TokenId expected : {0, 1, 2, 3, 0}) {  // all penalised alike in the end
    const TokenId token = *unbounded.sample(logits);
    EXPECT_EQ(token, expected);
    unbounded.accept(token);
  }

  options.repeat_last_n = 0;
  Sampler off(options, 4);
  off.accept(0);
  EXPECT_EQ(*off.sample(logits), 0);
}

TEST(Sampler, IdsOutsideTheVocabularyAreIgnored) {
  SamplerOptions options;
  options.presence_penalty = 1;
  Sampler sampler(options, 2);
  sampler.accept(-1);
  sampler.accept(2);
  EXPECT_TRUE(sampler.sample(std::vector<float>{1, 2}).ok());
}

TEST(Sampler, BiasIsAddedAndForbids) {
  SamplerOptions options;
  options.temperature = 0;
  options.logit_bias = {{0, -kInfinity}, {2, 5.0f}};
  Sampler greedy(options, 3);
  EXPECT_EQ(*greedy.sample(std::vector<float>{9, 4, 0}), 2);
  options.temperature = 1;
  EXPECT_EQ(support(options, {100, 4, 0}), (std::set<TokenId>{1, 2}));
}

// Written down from the first run; equal on every machine, compiler and build type, or it is a bug.
TEST(Sampler, EqualLogitsHistoryAndSeedGiveTheGoldenTokens) {
  std::vector<float> logits(1000);
  for (size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>((i * 7919) % 1000) * 0.01f;
  }
  SamplerOptions options;
  options.seed = 1234;
  options.repeat_penalty = 1.1f;
  options.typical_p = 0.98f;
  Sampler sampler(options, 1000);
  std::vector<TokenId> tokens;
  for (int i = 0; i < 16; ++i) {
    tokens.push_back(*sampler.sample(logits));
    sampler.accept(tokens.back());
  }
  EXPECT_EQ(tokens, (std::vector<TokenId>{642, 272, 346, 235, 605, 877, 457, 889, 383, 988, 420,
                                          210, 247, 593, 778, 445}));

  options = plain();
  options.seed = 99;
  options.top_p = 0.97f;
  Sampler wide(options, 1000);
  tokens.clear();
  for (int i = 0; i < 16; ++i) tokens.push_back(*wide.sample(logits));
  EXPECT_EQ(tokens, (std::vector<TokenId>{482, 680, 766, 138, 224, 383, 272, 926, 212, 964, 767, 99,
                                          136, 494, 729, 470}));
}

TEST(Sampler, ACopyForksTheConversation) {
  SamplerOptions options = plain();
  options.frequency_penalty = 0.5f;
  const std::vector<float> logits = logs({0.3f, 0.3f, 0.2f, 0.2f});
  Sampler one(options, 4);
  for (int i = 0; i < 5; ++i) one.accept(*one.sample(logits));
  Sampler other = one;
  for (int i = 0; i < 50; ++i) {
    const TokenId token = *one.sample(logits);
    ASSERT_EQ(token, *other.sample(logits));
    one.accept(token);
    other.accept(token);
  }
}

TEST(Sampler, ADrawAllocatesNothing) {
  std::vector<float> logits(5000);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>((i * 31) % 97) * 0.1f;
  for (int top_k : {40, 0}) {
    SamplerOptions options;
    options.top_k = top_k;
    options.typical_p = 0.9f;
    options.repeat_penalty = 1.3f;
    Sampler sampler(options, 5000);
    const size_t before = testing::n_allocations;
    for (int i = 0; i < 200; ++i) sampler.accept(*sampler.sample(logits));
    EXPECT_EQ(testing::n_allocations, before);
  }
}

}  // namespace
}  // namespace cria::sample
