// Predictions, held against what is then allocated.
#include "engine/memory_plan.h"

#include <gtest/gtest.h>

#include "engine/load_tiny.h"
#include "engine/sequence.h"

namespace cria::engine {
namespace {

TEST(MemoryPlan, WeightGroupsAreWhatIsPacked) {
  testing::TinyModel tiny;
  tiny.type = "q8_0";
  tiny.tied = false;
  const auto model = load_tiny(tiny);
  uint64_t packed = 0, planned = 0, n_matrices = 0;
  for (const model::NamedLinear& each : model::named_linears(model->weights)) {
    packed += each.linear->packed.memory.size_bytes();
  }
  for (const WeightGroup& group : weight_groups(*model)) {
    EXPECT_NE(group.kernel, nullptr);
    planned += group.held_bytes;
    n_matrices += static_cast<uint64_t>(group.count);
  }
  EXPECT_EQ(n_matrices, 2u * 7 + 1);
  EXPECT_GE(planned, packed);
  EXPECT_LT(planned, packed + n_matrices * (64 << 10));  // whole pages, of any size
}

TEST(MemoryPlan, KvCacheIsWhatASequenceReserves) {
  const auto model = load_tiny({});
  for (const int n_ctx : {1, 32, 100, 4096}) {
    for (const KvType type : {KvType::f16, KvType::f32}) {
      const SessionOptions options{.n_ctx = n_ctx, .n_threads = 1, .k_type = type, .v_type = type};
      const auto sequence = Sequence::create(model, options);
      ASSERT_TRUE(sequence.ok()) << sequence.status().message();
      const uint64_t planned = kv_cache_bytes(model->config, options, n_ctx);
      EXPECT_GE(planned, (*sequence)->kv_bytes());
      EXPECT_LT(planned, (*sequence)->kv_bytes() + (64 << 10));
    }
  }
  EXPECT_EQ(kv_cache_bytes(model->config, {}, int64_t{1} << 62), UINT64_MAX);
}

TEST(MemoryPlan, ThreadsCountForEachPool) {
  const auto model = load_tiny({});
  const auto threads = [&](int n, int n_prefill) {
    return sequence_memory(*model, {.n_threads = n, .n_threads_prefill = n_prefill}, 64).threads;
  };
  EXPECT_EQ(threads(1, 0), 0u);
  EXPECT_EQ(threads(1, 1), 0u);
  EXPECT_EQ(threads(3, 3), 2 * threads(2, 0));
  EXPECT_EQ(threads(3, 2), 3 * threads(2, 0));
}

TEST(MemoryPlan, LargeEmbeddingsTakeNothingBesideTheMatrices) {
  EXPECT_GT(embedding_bytes(*load_tiny({})), 0u);  // small, so that a row costs no system call
  auto weights = model::Weights();
  weights.embedding.size_bytes = uint64_t{9} << 20;
  EXPECT_TRUE(model::keeps_embedding(weights));
  weights.tied_output = true;
  EXPECT_FALSE(model::keeps_embedding(weights)) << "that would be a second copy";
  CRIA_SHARED_FILE(dir, "models/");
  auto checkpoint = model::load(dir + "stories260K-q8.bin",
                                {.tokenizer_path = dir + "tok512.bin", .isa = "scalar"});
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  EXPECT_EQ(embedding_bytes(**checkpoint), 0u);
  for (const WeightGroup& group : weight_groups(**checkpoint)) {
    EXPECT_EQ(group.kernel, nullptr);
    EXPECT_GE(group.held_bytes, group.file_bytes);
  }
}

}  // namespace
}  // namespace cria::engine
