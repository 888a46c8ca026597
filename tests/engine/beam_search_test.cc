// Beams are what they say: the likeliest replies, with the log probabilities that the model gives.
#include "engine/beam_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/generate.h"
#include "load_tiny.h"

namespace cria::engine {
namespace {

std::vector<double> log_probabilities(std::span<const float> logits) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  std::vector<double> result;
  for (const float logit : logits) result.push_back(static_cast<double>(logit) - std::log(sum));
  return result;
}

class Beams : public ::testing::Test {
 protected:
  std::unique_ptr<Sequence> sequence(SessionOptions options = {.n_ctx = 300}) const {
    auto made = Sequence::create(model_, options);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return std::move(*made);
  }
  std::vector<Beam> search(Sequence& sequence, const std::vector<TokenId>& prompt,
                           const BeamOptions& options) const {
    auto beams = beam_search(sequence, prompt, options);
    EXPECT_TRUE(beams.ok()) << beams.status().message();
    return beams.ok() ? *beams : std::vector<Beam>(1);
  }
  static int64_t n_pages_held(Sequence& sequence) {
    return sequence.engine().pool().n_pages() - sequence.engine().pool().n_free();
  }
  // Of a reply, token by token; with the stop token where it ended with one.
  double log_probability(const std::vector<TokenId>& prompt, const Beam& beam) const {
    const auto fresh = sequence();
    EXPECT_TRUE(fresh->eval(prompt, {}).ok());
    double sum = 0;
    for (const TokenId id : beam.tokens) {
      sum += log_probabilities(fresh->logits())[static_cast<size_t>(id)];
      EXPECT_TRUE(fresh->eval({&id, 1}, {}).ok());
    }
    if (beam.finish != FinishReason::stop_token) return sum;
    double best = -std::numeric_limits<double>::infinity();
    for (const TokenId stop : model_->vocabulary->stop_tokens) {
      best = std::max(best, log_probabilities(fresh->logits())[static_cast<size_t>(stop)]);
    }
    return sum + best;
  }

  const std::shared_ptr<const model::Model> model_ = load_tiny({});
  const std::vector<TokenId> prompt_ = text_of(45, 3);
};

TEST_F(Beams, OneIsTheGreedyReply) {
  const auto greedy = sequence(), one = sequence();
  GenerateOptions options;
  options.max_tokens = 60;
  options.ignore_eos = true;
  options.sampling.temperature = 0;
  const auto expected = generate(*greedy, prompt_, options, {});
  ASSERT_TRUE(expected.ok());
  const auto beams = search(*one, prompt_, {.n_beams = 1, .max_tokens = 60, .ignore_eos = true});
  ASSERT_EQ(beams.size(), 1u);
  EXPECT_EQ(beams[0].text, expected->text);
  EXPECT_EQ(beams[0].finish, FinishReason::max_tokens);
  EXPECT_EQ(one->tokens(), greedy->tokens());
  EXPECT_TRUE(same(one->logits(), greedy->logits()));
}

// All pairs of tokens, each by itself.
TEST_F(Beams, ManyFindTheLikeliestOfAllPairs) {
  const auto all = sequence();
  ASSERT_TRUE(all->eval(prompt_, {}).ok());
  const auto first = log_probabilities(all->logits());
  double best = -std::numeric_limits<double>::infinity();
  std::vector<TokenId> best_pair;
  const auto is_stop = [&](size_t id) {
    return model_->vocabulary->is_stop(static_cast<TokenId>(id));
  };
  for (size_t i = 0; i < first.size(); ++i) {
    if (is_stop(i)) continue;
    const auto id = static_cast<TokenId>(i);
    ASSERT_TRUE(all->eval({&id, 1}, {}).ok());
    const auto second = log_probabilities(all->logits());
    for (size_t j = 0; j < second.size(); ++j) {
      if (is_stop(j) || first[i] + second[j] <= best) continue;
      best = first[i] + second[j];
      best_pair = {id, static_cast<TokenId>(j)};
    }
    ASSERT_TRUE(all->rewind(static_cast<int64_t>(prompt_.size())).ok());
  }
  const auto beams = search(*sequence({.n_ctx = 100 + 65 * 32}), prompt_,
                            {.n_beams = 64, .max_tokens = 2, .ignore_eos = true});
  ASSERT_EQ(beams.size(), 64u);
  EXPECT_EQ(beams[0].tokens, best_pair);
  EXPECT_NEAR(beams[0].log_probability, best, 1e-4);
}

TEST_F(Beams, LogProbabilitiesAreTheModelsAndTheBestComesFirst) {
  for (const float penalty : {0.0f, 1.0f, 2.0f}) {
    const auto sequence = this->sequence();
    const auto beams =
        search(*sequence, prompt_, {.n_beams = 5, .max_tokens = 30, .length_penalty = penalty});
    ASSERT_EQ(beams.size(), 5u);
    for (size_t i = 0; i < beams.size(); ++i) {
      EXPECT_NEAR(beams[i].log_probability, log_probability(prompt_, beams[i]), 2e-3) << i;
      const auto n = std::max<double>(1, static_cast<double>(beams[i].tokens.size()));
      EXPECT_NEAR(beams[i].score, beams[i].log_probability / std::pow(n, penalty), 1e-6);
      for (size_t j = 0; j < i; ++j) {
        EXPECT_LE(beams[i].score, beams[j].score);
        EXPECT_NE(beams[i].tokens, beams[j].tokens);
      }
    }
    std::vector<TokenId> held = prompt_;
    held.insert(held.end(), beams[0].tokens.begin(), beams[0].tokens.end());
    EXPECT_EQ(sequence->tokens(), held);
    EXPECT_EQ(n_pages_held(*sequence), ops::KvPool::pages_for(static_cast<int64_t>(held.size())));
  }
}

TEST_F(Beams, ThePromptsPagesAreShared) {
  const auto prompt = text_of(250, 4);
  // 250 tokens, and 8 beams of 20: 410 alone, 2,160 if each held the prompt.
  const auto sequence = this->sequence({.n_ctx = 640});
  const auto beams =
      search(*sequence, prompt, {.n_beams = 8, .max_tokens = 20, .ignore_eos = true});
  ASSERT_EQ(beams.size(), 8u);
  for (const Beam& beam : beams) EXPECT_EQ(beam.finish, FinishReason::max_tokens);
}

TEST_F(Beams, ChunksAndThreadsChangeNothing) {
  const BeamOptions options{.n_beams = 6, .max_tokens = 25};
  const auto expected = search(*sequence({.n_ctx = 300, .n_threads = 1}), prompt_, options);
  for (const SessionOptions other : {SessionOptions{.n_ctx = 300, .n_threads = 3, .n_chunk = 4},
                                     SessionOptions{.n_ctx = 300, .n_threads = 2, .n_chunk = 1}}) {
    const auto beams = search(*sequence(other), prompt_, options);
    ASSERT_EQ(beams.size(), expected.size());
    for (size_t i = 0; i < beams.size(); ++i) {
      EXPECT_EQ(beams[i].tokens, expected[i].tokens);
      EXPECT_EQ(beams[i].log_probability, expected[i].log_probability);
    }
  }
}

TEST_F(Beams, WhereTheContextIsFullTheyEnd) {
  const auto tight = sequence({.n_ctx = 64});
  const auto beams = search(*tight, prompt_, {.n_beams = 1, .max_tokens = 60, .ignore_eos = true});
  EXPECT_EQ(beams[0].finish, FinishReason::context_full);
  EXPECT_EQ(beams[0].tokens.size(), 64u - 45 + 1);
  EXPECT_EQ(tight->tokens().size(), 64u);
  // Pages of 32: four beams of their own do not fit beside the prompt.
  const auto crowded = sequence({.n_ctx = 128});
  const auto four = search(*crowded, prompt_, {.n_beams = 4, .max_tokens = 80, .ignore_eos = true});
  EXPECT_EQ(four[0].finish, FinishReason::context_full);
}

TEST_F(Beams, RefusalsAndCancellationLeaveTheSequenceAsItWas) {
  const auto sequence = this->sequence({.n_ctx = 100});
  ASSERT_TRUE(sequence->eval(prompt_, {}).ok());
  const std::vector<float> logits(sequence->logits().begin(), sequence->logits().end());
  const auto expect_refused = [&](const std::vector<TokenId>& prompt, const BeamOptions& options,
                                  StatusCode code) {
    const auto beams = beam_search(*sequence, prompt, options);
    ASSERT_FALSE(beams.ok());
    EXPECT_EQ(beams.status().code(), code) << beams.status().message();
    EXPECT_EQ(sequence->tokens(), prompt_);
    EXPECT_TRUE(same(sequence->logits(), logits));
    EXPECT_EQ(n_pages_held(*sequence), 2);
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  expect_refused({5}, {.n_beams = 0}, StatusCode::invalid_argument);
  expect_refused({5}, {.n_beams = 65}, StatusCode::invalid_argument);
  expect_refused({5}, {.max_tokens = 0}, StatusCode::invalid_argument);
  expect_refused({5}, {.length_penalty = nan}, StatusCode::invalid_argument);
  expect_refused({5, 100000}, {}, StatusCode::invalid_argument);
  expect_refused(text_of(56, 1), {}, StatusCode::context_full);
  int n_polls = 0;
  expect_refused(
      {5}, {.n_beams = 2, .ignore_eos = true, .should_cancel = [&] { return ++n_polls > 12; }},
      StatusCode::cancelled);
  const auto empty = this->sequence();
  EXPECT_EQ(beam_search(*empty, {}, {}).status().code(), StatusCode::invalid_argument);
}

TEST_F(Beams, AnEmptyPromptGoesOnFromWhatIsHeld) {
  const auto one = sequence(), other = sequence();
  const BeamOptions options{.n_beams = 3, .max_tokens = 10};
  const auto expected = search(*one, prompt_, options);
  ASSERT_TRUE(other->eval(prompt_, {}).ok());
  const TokenId more = 9;
  ASSERT_TRUE(other->eval({&more, 1}, {}).ok());
  ASSERT_TRUE(other->rewind(45).ok());
  EXPECT_EQ(search(*other, {}, options)[0].tokens, expected[0].tokens);
}

}  // namespace
}  // namespace cria::engine
