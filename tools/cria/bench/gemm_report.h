// Results of `cria bench gemm` as a table, CSV, JSON and a drawing.
#pragma once

#include <string>
#include <vector>

#include "bench/gemm_bench.h"

namespace cria::cli {

std::string table_head();
std::string table_row(const GemmResult& result);
std::string csv_head();
std::string csv_row(const GemmResult& result);
std::string json_of(const std::vector<GemmResult>& results);

// Share of the peak over M, a line for each library, a frame for each type, shape, temperature and
// number of threads.
std::string svg_of(const std::vector<GemmResult>& results);

}  // namespace cria::cli
