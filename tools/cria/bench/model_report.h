// Results of `cria bench MODEL` as a table, CSV and JSON. Columns and keys that other benchmarks of
// the field have too bear the names that scripts know from there (llama-bench); the rest is ours.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/model_bench.h"
#include "cria/model.h"

namespace cria::cli {

// What is the same for all tests of a run.
struct ModelBenchFacts {
  ModelInfo model;
  std::string filename;  // as it was named: a synthetic model has no file
  ModelBenchOptions options;
  std::optional<double> first_token_ms;
};

std::string model_table_head();
std::string model_table_row(const ModelBenchFacts& facts, const ModelResult& result);
// Below the table: the build, and what has no column.
std::string model_table_foot(const ModelBenchFacts& facts, const ModelResult& last);

std::string model_csv_head();
std::string model_csv_row(const ModelBenchFacts& facts, const ModelResult& result);

std::string model_json_line(const ModelBenchFacts& facts, const ModelResult& result);
std::string model_json(const ModelBenchFacts& facts, const std::vector<ModelResult>& results);

}  // namespace cria::cli
