#include "ops/kv_pool.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/dispatch.h"

namespace cria::ops {
namespace {

KvShape shape_of(DType k, DType v) {
  return {.n_layers = 2, .n_kv_heads = 3, .head_dim = 32, .k_type = k, .v_type = v};
}

TEST(KvPool, SaysItsSizeAndSaturates) {
  KvShape shape{.n_layers = 2, .n_kv_heads = 3, .head_dim = 5};
  EXPECT_EQ(KvPool::token_bytes(shape), 2 * 3 * 5 * 2 * 2);
  EXPECT_EQ(KvPool::page_bytes(shape), 4096u);  // 32 * 120 = 3840
  EXPECT_EQ(KvPool::bytes_for(shape, 33), 8192u);
  shape.v_type = DType::f32;
  EXPECT_EQ(KvPool::token_bytes(shape), 2 * 3 * 5 * (2 + 4));
  shape.n_layers = shape.n_kv_heads = shape.head_dim = 1 << 30;
  EXPECT_EQ(KvPool::page_bytes(shape), UINT64_MAX);
  EXPECT_EQ(KvPool::create(shape, 10).status().code(), StatusCode::out_of_memory);
}

TEST(KvPool, RefusesTypesThatHeadsDoNotFit) {
  EXPECT_TRUE(check(shape_of(DType::q8_0, DType::q4_0)).ok());
  KvShape odd = shape_of(DType::f16, DType::q8_0);
  odd.head_dim = 80;
  EXPECT_NE(check(odd).message().find("v_type"), std::string::npos);
  EXPECT_NE(check(odd).message().find("80"), std::string::npos);
  odd.head_dim = 288;
  EXPECT_FALSE(check(odd).ok());
  EXPECT_FALSE(check(shape_of(DType::q5_0, DType::f16)).ok());
}

TEST(KvPool, GivesEachPageOnceAndCountsReferences) {
  auto pool = KvPool::create(shape_of(DType::f16, DType::f16), 3);
  ASSERT_TRUE(pool.ok());
  const int32_t a = pool->take(), b = pool->take(), c = pool->take();
  EXPECT_EQ(a + b + c, 0 + 1 + 2);
  EXPECT_EQ(pool->take(), -1);
  pool->retain(b);
  pool->release(b);
  EXPECT_EQ(pool->n_free(), 0);
  pool->release(b);
  EXPECT_EQ(pool->n_free(), 1);
  EXPECT_EQ(pool->take(), b);
}

TEST(KvPool, TrimmedPagesLoseTheirMemoryAndHeldOnesKeepIt) {
  auto pool = KvPool::create(shape_of(DType::f16, DType::f16), 2);
  const int32_t kept = pool->take(), dropped = pool->take();
  pool->bytes(kept)[0] = pool->bytes(dropped)[0] = std::byte{7};
  pool->release(dropped);
  pool->trim();
  EXPECT_EQ(pool->bytes(kept)[0], std::byte{7});
  EXPECT_EQ(pool->bytes(dropped)[0], std::byte{0});
}

TEST(KvPool, CopiesTheFirstRowsOfEveryLayerHeadAndKind) {
  const auto table = kernels::choose_table("scalar");
  auto threads = ThreadPool::create(1);
  const Compute compute{*table, **threads};
  for (const DType v_type : {DType::f32, DType::f16, DType::q8_0, DType::q4_0}) {
    auto pool = KvPool::create(shape_of(DType::f32, v_type), 3);
    const std::vector<int32_t> pages = {pool->take()};
    std::vector<BatchRow> rows;
    for (int64_t p = 0; p < 5; ++p) rows.push_back({pages.data(), p});
    std::vector<float> x(5 * 3 * 32);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1);
    for (int layer = 0; layer < 2; ++layer) pool->store(compute, layer, rows, x.data(), x.data());
    const int32_t copy = pool->take();
    pool->copy(pages[0], copy, 3);
    const auto same = [&](const kernels::KvRows& at, int64_t row) {
      const std::byte* a = at.base + pages[0] * at.page_bytes + row * at.row_bytes;
      const std::byte* b = at.base + copy * at.page_bytes + row * at.row_bytes;
      return std::equal(a, a + at.row_bytes, b);
    };
    for (int layer = 0; layer < 2; ++layer) {
      for (int head = 0; head < 3; ++head) {
        for (const auto& at : {pool->keys(layer, head), pool->values(layer, head)}) {
          EXPECT_TRUE(same(at, 0) && same(at, 2)) << layer << " " << head;
          EXPECT_FALSE(same(at, 3)) << layer << " " << head;
        }
      }
    }
  }
}

TEST(KvPool, WhatIsNotFiniteIsNotLostInQuantisedRows) {
  const auto table = kernels::choose_table("scalar");
  auto threads = ThreadPool::create(1);
  const Compute compute{*table, **threads};
  auto pool = KvPool::create(shape_of(DType::q8_0, DType::q4_0), 1);
  const std::vector<int32_t> pages = {pool->take()};
  const BatchRow row{pages.data(), 0};
  std::vector<float> x(3 * 32, 1.0f);
  x[5] = INFINITY;
  pool->store(compute, 0, {&row, 1}, x.data(), x.data());
  std::vector<float> q(32, 1.0f), out(32);
  compute.kernels.attend({.q = q.data(),
                          .n_heads = 1,
                          .head_dim = 32,
                          .pages = pages.data(),
                          .k = pool->keys(0, 0),
                          .v = pool->values(0, 0),
                          .first = 0,
                          .n_positions = 1,
                          .scale = 1,
                          .out = out.data()});
  EXPECT_TRUE(std::isnan(out[0]));
}

}  // namespace
}  // namespace cria::ops
