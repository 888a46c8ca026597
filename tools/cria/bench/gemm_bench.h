// Times matrix products of several libraries side by side.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/gemm_library.h"
#include "bench/statistics.h"
#include "cria/diagnose.h"

namespace cria::cli {

struct GemmBenchOptions {
  std::vector<ElementType> types;
  std::vector<int64_t> m;
  struct Shape {
    int64_t n, k;
  };
  std::vector<Shape> shapes;
  std::vector<int> threads;
  std::vector<bool> cold;              // weights from memory, or warm in the caches
  std::vector<std::string> libraries;  // empty: all that are there
  int repeats = 9;
  std::string isa;
};

struct GemmResult {
  GemmCase which;
  bool cold = false;
  std::string library;
  double gops = 0;  // 10^9 operations a second, a multiply-add being two
  double gbs = 0;   // 10^9 bytes of weights a second, as they are packed or, for peers, fp32
  double spread = 0;
  double ratio = 0;  // ours / this one; 1 for ours
  MachineLimits limits;
  bool checked = false;  // C was compared with a reference in fp64 before timing
};

// The libraries that are there and wanted, ours first.
std::vector<std::unique_ptr<GemmLibrary>> gemm_libraries(const GemmBenchOptions& options);

// Measures all cases; on_result gets each as it comes. Stops between cases where stop() is true.
std::vector<GemmResult> run_gemm_bench(const GemmBenchOptions& options,
                                       const std::vector<std::unique_ptr<GemmLibrary>>& libraries,
                                       const std::function<void(const GemmResult&)>& on_result,
                                       const std::function<bool()>& stop);

// The peak that products of this type are measured against.
double peak_of(const MachineLimits& limits, ElementType type);

}  // namespace cria::cli
