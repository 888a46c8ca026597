// What the machine can do: peaks of the chosen kernels, and reading from memory.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "api/guard.h"
#include "api/kernel_choice.h"
#include "base/aligned_buffer.h"
#include "base/cpu.h"
#include "base/thread_pool.h"
#include "cria/diagnose.h"

namespace cria {
namespace {

// More than the last-level caches of the machines that this library is for.
constexpr uint64_t kReadBytes = 256 << 20;
constexpr int kRepeats = 7;

double now() {
  timespec t = {};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Seconds of the fastest of a few runs: what the machine can do, undisturbed.
template <typename Work>
double best_seconds(const Work& work) {
  double best = 1e30;
  for (int i = 0; i < kRepeats; ++i) {
    const double start = now();
    work();
    best = std::min(best, now() - start);
  }
  return best;
}

double peak_gops(const kernels::Peak& peak, ThreadPool& pool) {
  constexpr double kSeconds = 0.01;
  int64_t n_rounds = 1000;
  while (best_seconds([&] { peak.run(n_rounds); }) < kSeconds / 4) n_rounds *= 2;
  n_rounds *= 4;
  std::atomic<int> kept{0};
  const double seconds = best_seconds([&] {
    pool.for_each(pool.n_threads(), 1, [&](int64_t, int64_t, int) {
      kept.fetch_add(peak.run(n_rounds) > 1e30f ? 1 : 0, std::memory_order_relaxed);
    });
  });
  return 2e-9 * static_cast<double>(peak.multiply_adds * n_rounds * pool.n_threads()) / seconds;
}

// In a few streams at once: of one alone memory serves less.
uint64_t sum_of(const uint64_t* at, uint64_t n) {
  constexpr uint64_t kStreams = 4;
  const uint64_t part = n / kStreams / 8 * 8;
  uint64_t sums[kStreams] = {};
  for (uint64_t i = 0; i < part; i += 8) {
    for (uint64_t s = 0; s < kStreams; ++s) {
      const uint64_t* line = at + s * part + i;
      sums[s] +=
          (line[0] + line[1]) + (line[2] + line[3]) + (line[4] + line[5]) + (line[6] + line[7]);
    }
  }
  return sums[0] + sums[1] + sums[2] + sums[3];
}

double read_gbs(AlignedBuffer& buffer, ThreadPool& pool) {
  const auto words = buffer.as<uint64_t>();
  std::memset(buffer.data(), 1, buffer.size_bytes());
  constexpr int64_t kGrain = 1 << 15;  // words: 256 KB a claim
  std::atomic<uint64_t> kept{0};
  const double seconds = best_seconds([&] {
    pool.for_each(static_cast<int64_t>(words.size()), kGrain, [&](int64_t begin, int64_t end, int) {
      kept.fetch_add(sum_of(words.data() + begin, static_cast<uint64_t>(end - begin)),
                     std::memory_order_relaxed);
    });
  });
  return 1e-9 * static_cast<double>(buffer.size_bytes()) / seconds;
}

}  // namespace

Result<MachineLimits> measure_limits(int n_threads, const std::string& isa) {
  return api::guard([&]() -> Result<MachineLimits> {
    auto table = api::choose_kernels(isa);
    if (!table.ok()) return table.status();
    auto pool = ThreadPool::create(n_threads == 0 ? n_usable_processors() : n_threads);
    if (!pool.ok()) return pool.status();
    auto buffer = AlignedBuffer::allocate_streamed(kReadBytes, "measuring the memory");
    if (!buffer.ok()) return buffer.status();
    MachineLimits limits;
    limits.n_threads = (*pool)->n_threads();
    limits.f32_gops = peak_gops(*table->peak_f32, **pool);
    limits.int8_gops = peak_gops(*table->peak_int8, **pool);
    const bool same = table->peak_blocks == table->peak_int8;
    limits.block_gops = same ? limits.int8_gops : peak_gops(*table->peak_blocks, **pool);
    limits.read_gbs = read_gbs(*buffer, **pool);
    return limits;
  });
}

}  // namespace cria
