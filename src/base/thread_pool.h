// Threads that share out the rows of one product at a time.
#pragma once

#include <cstdint>
#include <memory>

#include "base/function_ref.h"
#include "cria/status.h"

namespace cria {

// A fixed set of POSIX threads (not std::thread, whose destructor may end the host program).
// The caller works too: a pool of n has n - 1 threads of its own. They spin briefly between
// tasks, then sleep. for_each is for one caller at a time; the engine owns one pool a session.
class ThreadPool {
 public:
  static constexpr int kMaxThreads = 512;

  // Requires 1 <= n_threads <= kMaxThreads. Errors: invalid_argument; out_of_memory where the
  // system gives no thread.
  static Result<std::unique_ptr<ThreadPool>> create(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int n_threads() const;

  // Calls work(begin, end, i_thread) over disjoint ranges that cover [0, n), each at most grain
  // long, and returns when all are done. Ranges are claimed dynamically, so a slow core does not
  // hold the others; which thread gets which is not determined, so work must not depend on it.
  // i_thread < n_threads() names a scratch slot. work must not throw.
  void for_each(int64_t n, int64_t grain,
                FunctionRef<void(int64_t begin, int64_t end, int i_thread)> work);

 private:
  struct State;
  explicit ThreadPool(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cria
