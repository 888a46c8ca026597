// Logits of the forward pass against an independent fp64 one, on every kernel table.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "file/readers.h"
#include "kernels/dispatch.h"
#include "model/model.h"
#include "model/reference.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria::model {
namespace {

using testing::ReferenceOptions;
using testing::TinyModel;

std::vector<int32_t> random_tokens(int n, int n_vocab, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens(static_cast<size_t>(n));
  for (int32_t& id : tokens) id = static_cast<int32_t>(random() % static_cast<unsigned>(n_vocab));
  return tokens;
}

// A model on one kernel table, to compute many texts with.
class Ours {
 public:
  Ours(const std::string& path, const std::string& tokenizer, std::string_view isa)
      : model_(
            load(path, {.tokenizer_path = tokenizer, .isa = std::string(isa), .on_progress = {}})) {
    EXPECT_TRUE(model_.ok()) << model_.status().message();
  }

  std::vector<float> logits(std::span<const int32_t> tokens, DType kv) const {
    const Model& model = **model_;
    const Config& config = model.config;
    const auto n = static_cast<int64_t>(tokens.size());
    auto workspace = Workspace::create(model, n);
    auto cache = ops::KvPool::create({.n_layers = config.n_layers,
                                      .n_kv_heads = config.n_kv_heads,
                                      .head_dim = config.head_dim,
                                      .k_type = kv,
                                      .v_type = kv},
                                     ops::KvPool::pages_for(n));
    std::vector<int32_t> pages;
    while (cache->n_free() > 0) pages.push_back(cache->take());
    const Slice slice{.tokens = tokens, .pages = pages.data(), .logits_for = LogitsFor::all};
    std::vector<float> logits(tokens.size() * static_cast<size_t>(config.n_vocab));
    const Status status = forward_llama(model, {model.kernels, **pool_}, *workspace, *cache,
                                        {.slices = {&slice, 1}, .logits = logits.data()});
    EXPECT_TRUE(status.ok()) << status.message();
    return logits;
  }

 private:
  Result<std::shared_ptr<const Model>> model_;
  Result<std::unique_ptr<ThreadPool>> pool_ = ThreadPool::create(2);
};

double largest_difference(const std::vector<float>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    // A NaN must not pass as "no difference".
    const double difference = std::abs(a[i] - b[i]);
    largest = difference <= largest ? largest : difference;
  }
  return largest;
}

void expect_near_reference(const std::string& path, const std::string& tokenizer, int n_tokens,
                           const ReferenceOptions& options, double tolerance,
                           DType kv = DType::f32) {
  const auto catalog = file::open_catalog(path, tokenizer);
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  const int n_vocab = static_cast<int>((*catalog)->find_tensor("token_embd.weight")->view.n_rows());
  const std::vector<int32_t> tokens = random_tokens(n_tokens, n_vocab, 7);
  const std::vector<double> expected = testing::reference_logits(**catalog, tokens, options).logits;
  for (const std::string_view isa : kernels::runnable_tables()) {
    const std::vector<float> found = Ours(path, tokenizer, isa).logits(tokens, kv);
    EXPECT_LE(largest_difference(found, expected), tolerance) << path << " on " << isa;
  }
}

// For weights whose products round activations to int8: short texts, judged where no activation of
// the reference stands so close to a step of the quantiser that fp32 may fall to its other side.
void expect_near_reference_away_from_steps(const std::string& path, const std::string& tokenizer,
                                           const ReferenceOptions& options) {
  constexpr int kTexts = 40, kTokens = 2, kEnough = 10;
  // 127 steps times the relative error of the fp32 sums before them.
  constexpr double kClearMargin = 1e-4;
  const auto catalog = file::open_catalog(path, tokenizer);
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  const int n_vocab = static_cast<int>((*catalog)->find_tensor("token_embd.weight")->view.n_rows());
  std::vector<std::pair<std::string_view, Ours>> all_ours;
  for (const std::string_view isa : kernels::runnable_tables()) {
    all_ours.emplace_back(isa, Ours(path, tokenizer, isa));
  }
  int n_clear = 0;
  for (int i = 0; i < kTexts && n_clear < kEnough; ++i) {
    const std::vector<int32_t> tokens =
        random_tokens(kTokens, n_vocab, static_cast<uint32_t>(i + 1));
    const auto expected = testing::reference_logits(**catalog, tokens, options);
    if (expected.least_margin < kClearMargin) continue;
    ++n_clear;
    for (const auto& [isa, ours] : all_ours) {
      const std::vector<float> found = ours.logits(tokens, DType::f32);
      EXPECT_LE(largest_difference(found, expected.logits), 1e-3) << isa << ", text " << i;
    }
  }
  EXPECT_EQ(n_clear, kEnough) << "too few texts to judge by";
}

void expect_tiny_near_reference(const TinyModel& tiny, const ReferenceOptions& options,
                                double tolerance) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model(tiny, path);
  expect_near_reference(path, "", 40, options, tolerance);
}

TEST(Forward, PlainLlama) { expect_tiny_near_reference({}, {}, 1e-4); }

TEST(Forward, SeparateOutputAndOddSizes) {
  TinyModel tiny;
  tiny.tied = false;
  tiny.d_model = 60;
  tiny.d_ff = 91;
  tiny.head_dim = 10;
  expect_tiny_near_reference(tiny, {}, 1e-4);
}

TEST(Forward, MultiQueryAttention) {
  TinyModel tiny;
  tiny.n_kv_heads = 1;
  expect_tiny_near_reference(tiny, {}, 1e-4);
}

TEST(Forward, HeadsWiderThanTheModel) {
  TinyModel tiny;
  tiny.head_dim = 32;
  expect_tiny_near_reference(tiny, {}, 1e-4);
}

TEST(Forward, PartialRope) {
  TinyModel tiny;
  tiny.n_rot = 8;
  expect_tiny_near_reference(tiny, {}, 1e-4);
}

TEST(Forward, Qwen2HasBiasesAndTurnsHalves) {
  TinyModel tiny;
  tiny.architecture = "qwen2";
  tiny.attention_biases = true;
  tiny.rope_base = 1e6f;
  expect_tiny_near_reference(tiny, {}, 1e-4);
}

TEST(Forward, LinearRopeScaling) {
  TinyModel tiny;
  tiny.rope_scaling = "linear";
  tiny.rope_factor = 4;
  expect_tiny_near_reference(tiny, {}, 1e-4);
}

TEST(Forward, YarnRopeScaling) {
  TinyModel tiny;
  tiny.rope_scaling = "yarn";
  tiny.rope_factor = 4;
  tiny.n_ctx_original = 32;
  expect_tiny_near_reference(tiny, {}, 1e-4);
}

TEST(Forward, Llama3RopeDivisors) {
  TinyModel tiny;
  tiny.rope_freqs = {1, 1, 1, 1.5f, 3, 8, 8, 8};
  expect_tiny_near_reference(tiny, {}, 1e-4);
}

TEST(Forward, SlidingWindow) {
  TinyModel tiny;
  tiny.sliding_window = 9;
  expect_tiny_near_reference(tiny, {}, 1e-4);
}

TEST(Forward, HalfPrecisionWeights) {
  for (const char* type : {"f16", "bf16"}) {
    TinyModel tiny;
    tiny.type = type;
    expect_tiny_near_reference(tiny, {}, 1e-4);
  }
}

TEST(Forward, QuantizedWeights) {
  for (const char* type :
       {"q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_K", "q3_K", "q4_K", "q5_K", "q6_K"}) {
    SCOPED_TRACE(type);
    TinyModel tiny;
    tiny.type = type;
    tiny.n_layers = 1;
    tiny.d_model = 256;
    tiny.d_ff = 256;
    tiny.head_dim = 64;
    const std::string path = testing::temporary_dir() + "/model.gguf";
    testing::write_tiny_model(tiny, path);
    expect_near_reference_away_from_steps(path, "", {.activation_group = 32, .ties_to_even = true});
  }
}

TEST(Forward, TrainedModelWithF16Cache) {
  CRIA_SHARED_FILE(path, "models/stories260K-f32.gguf");
  expect_near_reference(path, "", 64, {}, 1e-3, DType::f32);
  expect_near_reference(path, "", 64, {}, 2e-2, DType::f16);
}

TEST(Forward, RandomGroupedQueryModel) {
  CRIA_SHARED_FILE(path, "models/gridcore-random-gqa.gguf");
  expect_near_reference(path, "", 64, {}, 1e-3);
}

TEST(Forward, GroupedInt8CheckpointIsWithinAThousandth) {
  CRIA_SHARED_FILE(path, "models/stories260K-q8.bin");
  CRIA_SHARED_FILE(tokenizer, "models/tok512.bin");
  expect_near_reference_away_from_steps(path, tokenizer, {.activation_group = 8});
}

TEST(Forward, StopsBetweenLayersWhenAsked) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model({}, path);
  const auto model = load(path, {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  auto pool = ThreadPool::create(1);
  auto workspace = Workspace::create(**model, 4);
  auto cache = ops::KvPool::create({.n_layers = 2, .n_kv_heads = 2, .head_dim = 16}, 1);
  const int32_t page = cache->take();
  int n_polls = 0;
  const std::function<bool()> cancel_at_second = [&] { return ++n_polls == 2; };
  const std::vector<int32_t> tokens = {1, 5, 9};
  const Slice slice{.tokens = tokens, .pages = &page};
  std::vector<float> logits(static_cast<size_t>((*model)->config.n_vocab));
  const Status status = forward_llama(
      **model, {(*model)->kernels, **pool}, *workspace, *cache,
      {.slices = {&slice, 1}, .logits = logits.data(), .should_cancel = &cancel_at_second});
  EXPECT_EQ(status.code(), StatusCode::cancelled);
  EXPECT_EQ(n_polls, 2);
}

}  // namespace
}  // namespace cria::model
