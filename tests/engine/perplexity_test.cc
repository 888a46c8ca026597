// The figures against formulas written out, one after the other, from all_logits.
#include "engine/perplexity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/text_chunks.h"
#include "load_tiny.h"

namespace cria::engine {
namespace {

std::string some_text(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += "the cat " + std::to_string(i * 37 % 100) + " ";
  return text;
}

TEST(LogSumExp, HandCalculatedAndFarFromOverflow) {
  EXPECT_NEAR(log_sum_exp(std::vector<float>{0, 0, 0, 0}), std::log(4.0), 1e-15);
  EXPECT_NEAR(log_sum_exp(std::vector<float>{1e30f, 0}), static_cast<double>(1e30f), 1e16);
  EXPECT_NEAR(log_sum_exp(std::vector<float>{-1000, -1000}), -1000 + std::log(2.0), 1e-12);
}

TEST(KlDivergence, HandCalculated) {
  // p = (1/2, 1/2), q = (1/4, 3/4).
  const std::vector<float> p = {3, 3};
  const std::vector<float> q = {0, std::log(3.0f)};
  const double expected = 0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3);
  EXPECT_NEAR(kl_divergence(p, q), expected, 1e-7);
  EXPECT_EQ(kl_divergence(q, q), 0);
  // A constant added to all logits changes no probability.
  EXPECT_NEAR(kl_divergence(p, std::vector<float>{7, 7}), 0, 1e-15);
}

TEST(TextChunks, BeginWithBosAndHaveOneLength) {
  const auto model = load_tiny({});
  const auto chunks = chunk_text(*model->vocabulary, some_text(30), 16);
  ASSERT_TRUE(chunks.ok()) << chunks.status().message();
  EXPECT_EQ(chunks->n_ctx, 16);
  ASSERT_GE(chunks->n_chunks(), 2);
  const std::vector<TokenId> second = chunks->chunk(1);
  ASSERT_EQ(second.size(), 16u);
  EXPECT_EQ(second[0], model->vocabulary->tokenizer->special().bos);
  EXPECT_EQ(second[1], chunks->tokens[17]);
  const auto whole = chunk_text(*model->vocabulary, "the cat sat", 4096);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->n_chunks(), 1);
  EXPECT_EQ(chunk_text(*model->vocabulary, "", 16).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(chunk_text(*model->vocabulary, some_text(3), 3).status().code(),
            StatusCode::invalid_argument);
}

TEST(CompareOnText, IsWhatTheFormulasSay) {
  const auto model = load_tiny({.seed = 1}), base = load_tiny({.seed = 2});
  const std::string text = some_text(40);
  constexpr int kCtx = 37;  // an odd one
  const auto measured = compare_on_text(model, base, text, {.n_ctx = kCtx, .n_threads = 2});
  ASSERT_TRUE(measured.ok()) << measured.status().message();

  const auto chunks = chunk_text(*model->vocabulary, text, kCtx);
  const auto n_vocab = static_cast<size_t>(model->config.n_vocab);
  std::vector<double> nll, kl;
  for (int i = 0; i < chunks->n_chunks(); ++i) {
    const std::vector<TokenId> tokens = chunks->chunk(i);
    std::vector<float> of_model(kCtx * n_vocab), of_base(kCtx * n_vocab);
    ASSERT_TRUE(
        (*Sequence::create(model, {.n_ctx = kCtx}))->eval(tokens, {.all_logits = of_model}).ok());
    ASSERT_TRUE(
        (*Sequence::create(base, {.n_ctx = kCtx}))->eval(tokens, {.all_logits = of_base}).ok());
    for (size_t p = kCtx / 2; p + 1 < kCtx; ++p) {
      double sum = 0, base_sum = 0, divergence = 0;
      for (size_t v = 0; v < n_vocab; ++v) {
        sum += std::exp(static_cast<double>(of_model[p * n_vocab + v]));
        base_sum += std::exp(static_cast<double>(of_base[p * n_vocab + v]));
      }
      for (size_t v = 0; v < n_vocab; ++v) {
        const double a = std::exp(static_cast<double>(of_base[p * n_vocab + v])) / base_sum;
        const double b = std::exp(static_cast<double>(of_model[p * n_vocab + v])) / sum;
        divergence += a * std::log(a / b);
      }
      kl.push_back(divergence);
      const auto next = static_cast<size_t>(tokens[p + 1]);
      nll.push_back(std::log(sum) - static_cast<double>(of_model[p * n_vocab + next]));
    }
  }
  double mean = 0, mean_kl = 0, variance = 0;
  for (const double value : nll) mean += value / static_cast<double>(nll.size());
  for (const double value : kl) mean_kl += value / static_cast<double>(kl.size());
  for (const double value : nll) {
    variance += (value - mean) * (value - mean) / static_cast<double>(nll.size() - 1);
  }
  EXPECT_EQ(measured->model.n_scored, static_cast<int64_t>(nll.size()));
  EXPECT_NEAR(measured->model.mean_nll, mean, 1e-9);
  EXPECT_NEAR(measured->model.perplexity, std::exp(mean), 1e-6);
  EXPECT_NEAR(measured->model.standard_error,
              std::exp(mean) * std::sqrt(variance / static_cast<double>(nll.size())), 1e-6);
  EXPECT_NEAR(measured->mean_kl, mean_kl, 1e-9);
  EXPECT_GT(measured->mean_kl, 0);
}

TEST(CompareOnText, CanBeCancelled) {
  const auto model = load_tiny({});
  const auto measured = compare_on_text(model, nullptr, some_text(40),
                                        {.n_ctx = 16, .on_progress = [](double) { return false; }});
  EXPECT_EQ(measured.status().code(), StatusCode::cancelled);
}

}  // namespace
}  // namespace cria::engine
