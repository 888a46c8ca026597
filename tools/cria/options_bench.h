// What the measuring commands were asked to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/gemm_bench.h"

namespace cria::cli {

enum class BenchFormat { table, csv, json };

struct BenchGemmFlags {
  GemmBenchOptions bench;
  BenchFormat format = BenchFormat::table;
  std::string plot;  // an SVG file; "": none
};

struct ExplainGemmFlags {
  int64_t m = 0, n = 0, k = 0;
  ElementType type = ElementType::f32;
  int n_threads = 1;
  std::string isa;
};

// As the parsers in options.h.
std::optional<int> parse_bench_gemm(const std::vector<std::string>& words, BenchGemmFlags* flags);
std::optional<int> parse_explain_gemm(const std::vector<std::string>& words,
                                      ExplainGemmFlags* flags);

}  // namespace cria::cli
