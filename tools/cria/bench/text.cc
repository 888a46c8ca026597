#include "bench/text.h"

#include <cstdarg>
#include <cstdio>

namespace cria::cli {

std::string format(const char* pattern, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, pattern);
  const int n = std::vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  const size_t written = n < 0 ? 0 : static_cast<size_t>(n);
  return std::string(text, written < sizeof text ? written : sizeof text - 1);
}

// Medians of machines that were measured while nothing else ran.
std::string limits_warning(const MachineLimits& limits) {
  struct Known {
    const char* features;
    int n_threads;
    double f32, int8, read;
  };
  constexpr Known kKnown[] = {{"avx512_bf16", 1, 272, 1086, 43}, {"avx512_bf16", 2, 544, 2159, 54}};
  for (const Known& known : kKnown) {
    if (limits.n_threads != known.n_threads) continue;
    if (cpu_description().find(known.features) == std::string::npos) continue;
    if (limits.f32_gops >= 0.9 * known.f32 && limits.read_gbs >= 0.9 * known.read) continue;
    return format(
        "this machine gives %.0f GFLOP/s and reads %.1f GB/s now; one of its kind was seen at %.0f "
        "and "
        "%.0f: something else is running, or it is slower, and shares of the limit look better "
        "than they are",
        limits.f32_gops, limits.read_gbs, known.f32, known.read);
  }
  return "";
}

}  // namespace cria::cli
