// The promises about bits: chunks, threads and rewinding change none.
#include "engine/sequence.h"

#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

#include "kernels/dispatch.h"
#include "load_tiny.h"

namespace cria::engine {
namespace {

std::vector<TokenId> some_tokens(int n) {
  std::vector<TokenId> tokens;
  for (int i = 0; i < n; ++i)
    tokens.push_back(i == 0 ? 1 : (i * 37 + 11) % testing::tiny_n_vocab());
  return tokens;
}

std::vector<float> logits_of(const std::shared_ptr<const model::Model>& model,
                             const SessionOptions& options, const std::vector<TokenId>& tokens) {
  auto sequence = Sequence::create(model, options);
  EXPECT_TRUE(sequence.ok()) << sequence.status().message();
  std::vector<float> all(tokens.size() * static_cast<size_t>(model->config.n_vocab));
  const Status status = (*sequence)->eval(tokens, {.all_logits = all});
  EXPECT_TRUE(status.ok()) << status.message();
  return all;
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void expect_chunks_and_threads_change_nothing(const testing::TinyModel& tiny,
                                              const std::vector<KvType>& kv_types) {
  for (const std::string_view isa : kernels::runnable_tables()) {
    const auto model = load_tiny(tiny, isa);
    const std::vector<TokenId> tokens = some_tokens(70);
    for (const KvType kv : kv_types) {
      const auto expected =
          logits_of(model, {.n_threads = 1, .n_chunk = 512, .k_type = kv, .v_type = kv}, tokens);
      constexpr struct {
        int n_chunk, n_threads;
      } kWays[] = {{1, 1}, {7, 2}, {64, 5}, {512, 2}, {512, 5}};
      for (const auto& [n_chunk, n_threads] : kWays) {
        const SessionOptions options = {
            .n_threads = n_threads, .n_chunk = n_chunk, .k_type = kv, .v_type = kv};
        EXPECT_TRUE(same_bits(logits_of(model, options, tokens), expected))
            << isa << " " << tiny.type << ": chunks of " << n_chunk << ", " << n_threads
            << " threads";
      }
    }
  }
}

TEST(Sequence, ChunksAndThreadsChangeNoBitOfF32) {
  expect_chunks_and_threads_change_nothing({}, {KvType::f16, KvType::f32});
}

TEST(Sequence, ChunksAndThreadsChangeNoBitOfQuantizedWeights) {
  for (const char* type : {"q4_0", "q8_0", "q4_K", "q6_K", "f16"}) {
    testing::TinyModel tiny;
    tiny.type = type;
    tiny.d_model = 256;
    tiny.d_ff = 256;
    tiny.head_dim = 64;
    expect_chunks_and_threads_change_nothing(tiny, {KvType::f16});
  }
}

TEST(Sequence, ChunksAndThreadsChangeNoBitOfATrainedModel) {
  CRIA_SHARED_FILE(path, "models/stories260K-f32.gguf");
  for (const std::string_view isa : kernels::runnable_tables()) {
    const auto model =
        model::load(path, {.tokenizer_path = "", .isa = std::string(isa), .on_progress = {}});
    ASSERT_TRUE(model.ok()) << model.status().message();
    const auto tokens = some_tokens(120);
    const auto expected = logits_of(*model, {.n_threads = 1}, tokens);
    for (const int n_chunk : {1, 7, 64}) {
      EXPECT_TRUE(
          same_bits(logits_of(*model, {.n_threads = 2, .n_chunk = n_chunk}, tokens), expected));
    }
  }
}

TEST(Sequence, RewindAndEvaluateAgainGivesTheSameBits) {
  const auto model = load_tiny({});
  auto sequence = Sequence::create(model, {});
  ASSERT_TRUE(sequence.ok());
  const auto tokens = some_tokens(50);
  ASSERT_TRUE((*sequence)->eval(tokens, {}).ok());
  const std::vector<float> first((*sequence)->logits().begin(), (*sequence)->logits().end());
  ASSERT_TRUE((*sequence)->rewind(20).ok());
  EXPECT_TRUE((*sequence)->logits().empty());
  ASSERT_TRUE((*sequence)->eval(std::span(tokens).subspan(20), {}).ok());
  EXPECT_TRUE(same_bits((*sequence)->logits(), first));
  EXPECT_EQ((*sequence)->rewind(51).code(), StatusCode::invalid_argument);
}

TEST(Sequence, AFullContextIsAnErrorWithBothNumbersAndChangesNothing) {
  const auto model = load_tiny({});
  auto sequence = Sequence::create(model, {.n_ctx = 16});
  ASSERT_TRUE(sequence.ok());
  ASSERT_TRUE((*sequence)->eval(some_tokens(10), {}).ok());
  const std::vector<float> before((*sequence)->logits().begin(), (*sequence)->logits().end());
  const Status status = (*sequence)->eval(some_tokens(7), {});
  EXPECT_EQ(status.code(), StatusCode::context_full);
  EXPECT_NE(status.message().find("17"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("16"), std::string::npos) << status.message();
  EXPECT_EQ((*sequence)->tokens().size(), 10u);
  EXPECT_TRUE(same_bits((*sequence)->logits(), before));
}

TEST(Sequence, RefusesIdsOutsideTheVocabularyAndBadOptions) {
  const auto model = load_tiny({});
  auto sequence = Sequence::create(model, {});
  ASSERT_TRUE(sequence.ok());
  for (const TokenId id : {-1, testing::tiny_n_vocab()}) {
    EXPECT_EQ((*sequence)->eval({&id, 1}, {}).code(), StatusCode::invalid_argument);
  }
  EXPECT_EQ(Sequence::create(model, {.n_ctx = -1}).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(Sequence::create(model, {.n_threads = -1}).status().code(),
            StatusCode::invalid_argument);
  EXPECT_EQ(Sequence::create(model, {.n_chunk = 0}).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(Sequence::create(model, {.k_type = KvType::q8_0}).status().code(),
            StatusCode::invalid_argument);  // heads of 16
}

TEST(Sequence, NoMemoryForTheCacheIsAnErrorWithTheSize) {
  testing::TinyModel tiny;
  tiny.head_dim = 1024;
  tiny.n_kv_heads = 4;
  const auto model = load_tiny(tiny);
  const auto sequence = Sequence::create(model, {.n_ctx = 2000000000});
  ASSERT_FALSE(sequence.ok());
  EXPECT_EQ(sequence.status().code(), StatusCode::out_of_memory);
  // 2 planes, 2 layers, 4 heads of 1024, 2 bytes, 2e9 positions
  EXPECT_NE(sequence.status().message().find("65536000000000"), std::string::npos)
      << sequence.status().message();
}

TEST(Sequence, CancellationLeavesTheTokensAsTheyWere) {
  const auto model = load_tiny({});
  auto sequence = Sequence::create(model, {.n_chunk = 4});
  ASSERT_TRUE(sequence.ok());
  ASSERT_TRUE((*sequence)->eval(some_tokens(5), {}).ok());
  const std::vector<float> before((*sequence)->logits().begin(), (*sequence)->logits().end());
  int n_polls = 0;
  const std::function<bool()> cancel = [&] { return ++n_polls > 3; };
  EXPECT_EQ((*sequence)->eval(some_tokens(20), {.should_cancel = &cancel}).code(),
            StatusCode::cancelled);
  EXPECT_EQ((*sequence)->tokens().size(), 5u);
  EXPECT_TRUE(same_bits((*sequence)->logits(), before));
  const auto expected = logits_of(model, {}, some_tokens(6));
  const std::vector<TokenId> next = {some_tokens(6).back()};
  ASSERT_TRUE((*sequence)->eval(next, {}).ok());
  EXPECT_TRUE(same_bits((*sequence)->logits(),
                        std::span(expected).last(static_cast<size_t>(model->config.n_vocab))));
}

TEST(Sequence, ACallbackThatThrowsLeavesItAsItWas) {
  auto sequence = Sequence::create(load_tiny({}), {.n_ctx = 100, .n_chunk = 8});
  ASSERT_TRUE((*sequence)->eval(some_tokens(10), {}).ok());
  const std::vector<float> logits((*sequence)->logits().begin(), (*sequence)->logits().end());
  const std::function<void(int, int)> throwing = [](int, int) { throw std::runtime_error("no"); };
  EXPECT_THROW((void)(*sequence)->eval(some_tokens(50), {.on_progress = &throwing}),
               std::runtime_error);
  EXPECT_EQ((*sequence)->tokens().size(), 10u);
  EXPECT_EQ((*sequence)->pages().size(), 1u);
  EXPECT_TRUE(same_bits((*sequence)->logits(), logits));
}

}  // namespace
}  // namespace cria::engine
