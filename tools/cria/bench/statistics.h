// Medians of repeated times.
#pragma once

#include <vector>

namespace cria::cli {

struct Spread {
  double median = 0;
  double relative = 0;  // (third quartile - first quartile) / median
};

// Requires  seconds not empty
Spread spread_of(std::vector<double> seconds);

// Seconds of a clock that only goes forward.
double now_seconds();

}  // namespace cria::cli
