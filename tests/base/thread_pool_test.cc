#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <time.h>

#include <atomic>
#include <set>
#include <vector>

namespace cria {
namespace {

std::unique_ptr<ThreadPool> make_pool(int n_threads) {
  auto pool = ThreadPool::create(n_threads);
  EXPECT_TRUE(pool.ok()) << pool.status().message();
  return std::move(*pool);
}

class ThreadPoolOf : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolOf, ::testing::Values(1, 2, 5));

TEST_P(ThreadPoolOf, CoversEveryIndexOnceInPiecesOfAtMostTheGrain) {
  const auto pool = make_pool(GetParam());
  EXPECT_EQ(pool->n_threads(), GetParam());
  for (const int64_t n : {0, 1, 2, 3, 7, 8, 63, 64, 65, 1000, 4096}) {
    for (const int64_t grain : {1, 2, 3, 8, 64, 5000}) {
      std::vector<std::atomic<int>> n_visits(static_cast<size_t>(n));
      std::atomic<bool> bad{false};
      pool->for_each(n, grain, [&](int64_t begin, int64_t end, int i_thread) {
        if (begin >= end || end - begin > grain || i_thread < 0 || i_thread >= GetParam())
          bad = true;
        for (int64_t i = begin; i < end; ++i) ++n_visits[static_cast<size_t>(i)];
      });
      EXPECT_FALSE(bad);
      for (const auto& visits : n_visits) ASSERT_EQ(visits, 1) << n << " by " << grain;
    }
  }
}

TEST_P(ThreadPoolOf, FinishesAllWorkBeforeItReturns) {
  const auto pool = make_pool(GetParam());
  std::vector<int64_t> values(100);  // plain memory: the pool must order these writes
  for (int round = 0; round < 3000; ++round) {
    pool->for_each(100, 3, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) values[static_cast<size_t>(i)] += i;
    });
  }
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<int64_t>(i) * 3000);
}

TEST_P(ThreadPoolOf, GivesEachThreadASlotOfItsOwn) {
  const auto pool = make_pool(GetParam());
  std::vector<std::atomic<int>> in_use(static_cast<size_t>(GetParam()));
  std::atomic<bool> shared{false};
  for (int round = 0; round < 200; ++round) {
    pool->for_each(64, 1, [&](int64_t, int64_t, int i_thread) {
      if (in_use[static_cast<size_t>(i_thread)]++ != 0) shared = true;
      --in_use[static_cast<size_t>(i_thread)];
    });
  }
  EXPECT_FALSE(shared);
}

TEST_P(ThreadPoolOf, WakesUpAfterALongPause) {
  const auto pool = make_pool(GetParam());
  for (int round = 0; round < 5; ++round) {
    const timespec pause{0, 20'000'000};
    ::nanosleep(&pause, nullptr);
    std::atomic<int64_t> sum{0};
    pool->for_each(1000, 7, [&](int64_t begin, int64_t end, int) { sum += end - begin; });
    EXPECT_EQ(sum, 1000);
  }
}

TEST_P(ThreadPoolOf, TakesAGrainBelowOneAsOne) {
  const auto pool = make_pool(GetParam());
  std::atomic<int64_t> sum{0};
  pool->for_each(10, 0, [&](int64_t begin, int64_t end, int) { sum += end - begin; });
  pool->for_each(-5, 1, [&](int64_t, int64_t, int) { sum += 1000; });
  EXPECT_EQ(sum, 10);
}

TEST(ThreadPool, RefusesCountsOutsideItsRange) {
  for (const int n : {0, -1, ThreadPool::kMaxThreads + 1, INT32_MAX}) {
    const auto pool = ThreadPool::create(n);
    ASSERT_FALSE(pool.ok());
    EXPECT_EQ(pool.status().code(), StatusCode::invalid_argument);
    EXPECT_NE(pool.status().message().find(std::to_string(n)), std::string::npos);
  }
}

TEST(ThreadPool, UsesItsThreads) {
  const auto pool = make_pool(4);
  // Each of four pieces waits until all have begun, which only four threads can do.
  std::atomic<int> n_begun{0};
  pool->for_each(4, 1, [&](int64_t, int64_t, int) {
    ++n_begun;
    while (n_begun < 4) {
    }
  });
  EXPECT_EQ(n_begun, 4);
}

TEST(ThreadPool, BurnsNoTimeWhileIdle) {
  const auto pool = make_pool(4);
  pool->for_each(100, 1, [](int64_t, int64_t, int) {});
  const timespec settle{0, 50'000'000};
  ::nanosleep(&settle, nullptr);
  timespec before, after;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  const timespec idle{0, 300'000'000};
  ::nanosleep(&idle, nullptr);
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  const double seconds = static_cast<double>(after.tv_sec - before.tv_sec) +
                         static_cast<double>(after.tv_nsec - before.tv_nsec) * 1e-9;
  EXPECT_LT(seconds, 0.03);
}

TEST(ThreadPool, StartsAndStopsManyTimes) {
  for (int i = 0; i < 200; ++i) {
    const auto pool = make_pool(1 + i % 5);
    if (i % 2 == 0) pool->for_each(10, 1, [](int64_t, int64_t, int) {});
  }
}

}  // namespace
}  // namespace cria
