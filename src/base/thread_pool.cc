#include "base/thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/str_cat.h"

namespace cria {
namespace {

// About 20 microseconds on a 4 GHz core: longer than the serial code between two products, far
// shorter than a person's pause between two messages.
constexpr int kSpins = 2000;

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

class Lock {
 public:
  explicit Lock(pthread_mutex_t& mutex) : mutex_(mutex) { pthread_mutex_lock(&mutex_); }
  ~Lock() { pthread_mutex_unlock(&mutex_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  pthread_mutex_t& mutex_;
};

}  // namespace

struct ThreadPool::State {
  using Work = FunctionRef<void(int64_t, int64_t, int)>;
  struct Worker {
    State* state;
    int i_thread;
    pthread_t handle;
  };

  // The task of one generation, for those who join it. The gate's upper half numbers the
  // generations; below are a bit for "closed" and the number of workers that joined and have not
  // left. Who wakes up late finds it closed and goes back to sleep: the caller waits for those at
  // work, never for those asleep.
  static constexpr uint64_t kClosed = uint64_t{1} << 31;
  static constexpr uint64_t kJoined = kClosed - 1;

  std::vector<Worker> workers;  // reserved up front: threads hold pointers into it
  const Work* work = nullptr;
  int64_t n = 0;
  int64_t grain = 1;
  alignas(64) std::atomic<int64_t> next{0};
  alignas(64) std::atomic<uint64_t> gate{kClosed};
  std::atomic<bool> stopping{false};
  std::atomic<int> n_sleeping{0};
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

  uint64_t generation() const { return gate.load() >> 32; }

  void run_share(int i_thread) {
    while (true) {
      const int64_t begin = next.fetch_add(grain, std::memory_order_relaxed);
      if (begin >= n) return;
      (*work)(begin, std::min(begin + grain, n), i_thread);
    }
  }

  // Returns the number of a generation other than the one seen last.
  uint64_t wait_for_other_than(uint64_t seen) {
    for (int i = 0; i < kSpins; ++i) {
      if (const uint64_t now = generation(); now != seen) return now;
      pause_briefly();
    }
    const Lock lock(mutex);
    n_sleeping.fetch_add(1);
    while (generation() == seen) pthread_cond_wait(&wake, &mutex);
    n_sleeping.fetch_sub(1);
    return generation();
  }

  bool join(uint64_t wanted) {
    uint64_t value = gate.load(std::memory_order_acquire);
    while (value >> 32 == wanted && (value & kClosed) == 0) {
      if (gate.compare_exchange_weak(value, value + 1, std::memory_order_acq_rel)) return true;
    }
    return false;
  }

  // Requires: the gate is closed and nobody is inside.
  void start_generation(uint64_t flags) {
    gate.store(((generation() + 1) << 32) | flags);
    if (n_sleeping.load() == 0) return;
    const Lock lock(mutex);
    pthread_cond_broadcast(&wake);
  }

  void close_and_wait() {
    gate.fetch_or(kClosed, std::memory_order_acq_rel);
    for (int i = 0; (gate.load(std::memory_order_acquire) & kJoined) != 0; ++i) {
      // More threads than processors: the one that is waited for may need this processor.
      if (i < kSpins) {
        pause_briefly();
      } else {
        sched_yield();
      }
    }
  }

  static void* worker_main(void* argument) {
    auto* self = static_cast<Worker*>(argument);
    State& state = *self->state;
    uint64_t seen = 0;
    while (true) {
      seen = state.wait_for_other_than(seen);
      if (state.stopping.load(std::memory_order_acquire)) return nullptr;
      if (!state.join(seen)) continue;
      state.run_share(self->i_thread);
      state.gate.fetch_sub(1, std::memory_order_acq_rel);
    }
  }
};

ThreadPool::ThreadPool(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<ThreadPool>> ThreadPool::create(int n_threads) {
  if (n_threads < 1 || n_threads > kMaxThreads) {
    return invalid_argument("n_threads: found ", n_threads, ", expected 1 to ", kMaxThreads);
  }
  std::unique_ptr<ThreadPool> pool(new ThreadPool(std::make_unique<State>()));
  State& state = *pool->state_;
  state.workers.reserve(static_cast<size_t>(n_threads));
  // The host's signal handlers run on the host's threads, but for those that a thread raises
  // itself.
  sigset_t all, before;
  sigfillset(&all);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) sigdelset(&all, own);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Status status;
  for (int i = 1; i < n_threads; ++i) {
    state.workers.push_back({&state, i, {}});
    if (pthread_create(&state.workers.back().handle, nullptr, State::worker_main,
                       &state.workers.back()) != 0) {
      state.workers.pop_back();
      status = out_of_memory("cannot start thread ", i + 1, " of ", n_threads,
                             "; ask for fewer threads");
      break;
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!status.ok()) return status;
  return pool;
}

ThreadPool::~ThreadPool() {
  state_->stopping.store(true, std::memory_order_release);
  state_->start_generation(State::kClosed);
  for (State::Worker& worker : state_->workers) pthread_join(worker.handle, nullptr);
}

int ThreadPool::n_threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::for_each(int64_t n, int64_t grain, FunctionRef<void(int64_t, int64_t, int)> work) {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  if (state_->workers.empty() || n <= grain) {
    for (int64_t begin = 0; begin < n; begin += grain) work(begin, std::min(begin + grain, n), 0);
    return;
  }
  State& state = *state_;
  state.work = &work;
  state.n = n;
  state.grain = grain;
  state.next.store(0, std::memory_order_relaxed);
  state.start_generation(0);
  state.run_share(0);
  state.close_and_wait();
}

}  // namespace cria
