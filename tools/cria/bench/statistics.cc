#include "bench/statistics.h"

#include <algorithm>
#include <chrono>

namespace cria::cli {

Spread spread_of(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const size_t n = seconds.size();
  const double median = (seconds[(n - 1) / 2] + seconds[n / 2]) / 2;
  return {median, (seconds[n - 1 - n / 4] - seconds[n / 4]) / median};
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace cria::cli
