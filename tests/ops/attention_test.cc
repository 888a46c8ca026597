#include "ops/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "kernels/dispatch.h"

namespace cria::ops {
namespace {

std::vector<float> normals(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& value : values) value = normal(random);
  return values;
}

// Attention of one token and head by definition, in fp64.
std::vector<double> expected_head(const float* q, const std::vector<float>& k,
                                  const std::vector<float>& v, int64_t stride, int64_t offset,
                                  int64_t first, int64_t last, int64_t head_dim) {
  std::vector<double> weights, out(static_cast<size_t>(head_dim), 0.0);
  double total = 0;
  for (int64_t p = first; p <= last; ++p) {
    double score = 0;
    for (int64_t i = 0; i < head_dim; ++i)
      score += q[i] * k[static_cast<size_t>(p * stride + offset + i)];
    weights.push_back(std::exp(score * 0.125));
    total += weights.back();
  }
  for (int64_t p = first; p <= last; ++p) {
    for (int64_t i = 0; i < head_dim; ++i) {
      out[static_cast<size_t>(i)] += weights[static_cast<size_t>(p - first)] / total *
                                     v[static_cast<size_t>(p * stride + offset + i)];
    }
  }
  return out;
}

template <int64_t kHeads>
void check_heads(DType kv, int64_t window, double tolerance) {
  constexpr int64_t kTokens = 90, kKvHeads = 2, kHeadDim = 32;
  constexpr int64_t kStride = kKvHeads * kHeadDim;
  const auto q = normals(kTokens * kHeads * kHeadDim, 1);
  const auto k = normals(kTokens * kStride, 2), v = normals(kTokens * kStride, 3);
  for (const std::string_view isa : kernels::runnable_tables()) {
    const auto table = kernels::choose_table(isa);
    auto pool = ThreadPool::create(3);
    const Compute compute{*table, **pool};
    auto cache = KvPool::create(
        {.n_layers = 2, .n_kv_heads = kKvHeads, .head_dim = kHeadDim, .k_type = kv, .v_type = kv},
        6);
    ASSERT_TRUE(cache.ok());
    const std::vector<int32_t> pages = {4, 0, 3};
    std::vector<BatchRow> rows;
    for (int64_t p = 0; p < kTokens; ++p) rows.push_back({pages.data(), p});
    const auto chunk = std::span<const BatchRow>(rows).subspan(50);
    // Two chunks into the second layer; the first must stay apart.
    cache->store(compute, 0, rows, v.data(), k.data());
    cache->store(compute, 1, std::span(rows).first(50), k.data(), v.data());
    cache->store(compute, 1, chunk, k.data() + 50 * kStride, v.data() + 50 * kStride);
    std::vector<float> out(40 * kHeads * kHeadDim);
    attention(compute, *cache,
              {.q = q.data() + 50 * kHeads * kHeadDim,
               .rows = chunk,
               .n_heads = kHeads,
               .i_layer = 1,
               .window = window,
               .scale = 0.125f,
               .out = out.data()});
    for (int64_t t = 0; t < 40; ++t) {
      for (int64_t h = 0; h < kHeads; ++h) {
        const int64_t position = 50 + t;
        const int64_t first = window > 0 ? std::max<int64_t>(0, position - window + 1) : 0;
        const auto expected =
            expected_head(&q[static_cast<size_t>((position * kHeads + h) * kHeadDim)], k, v,
                          kStride, h / (kHeads / kKvHeads) * kHeadDim, first, position, kHeadDim);
        for (int64_t i = 0; i < kHeadDim; ++i) {
          ASSERT_NEAR(out[static_cast<size_t>((t * kHeads + h) * kHeadDim + i)],
                      expected[static_cast<size_t>(i)], tolerance)
              << isa << ": token " << t << ", head " << h;
        }
      }
    }
  }
}

// Few heads to a KV head, and so many that they are computed together.
void check(DType kv, int64_t window, double tolerance) {
  check_heads<6>(kv, window, tolerance);
  check_heads<10>(kv, window, tolerance);
}

TEST(Attention, F32CacheMatchesTheDefinition) { check(DType::f32, 0, 1e-5); }
TEST(Attention, F16CacheMatchesTheDefinition) { check(DType::f16, 0, 5e-3); }
TEST(Attention, Q8CacheMatchesTheDefinition) { check(DType::q8_0, 0, 3e-2); }
TEST(Attention, Q4CacheIsNearTheDefinition) { check(DType::q4_0, 0, 5e-1); }
TEST(Attention, ASlidingWindowSeesItsLastPositionsOnly) { check(DType::f32, 13, 1e-5); }
TEST(Attention, AWindowOfOneSeesItself) { check(DType::f32, 1, 1e-5); }

}  // namespace
}  // namespace cria::ops
