// What the measuring commands were asked to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/engine_bench.h"
#include "bench/gemm_bench.h"
#include "bench/model_bench.h"
#include "options.h"

namespace cria::cli {

enum class BenchFormat { table, csv, json, jsonl };

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

struct BenchModelFlags {
  ModelFlags model;       // path: "" for a synthetic one
  std::string synthetic;  // a shape of cria synth; "": a file
  std::string type = "q4_0";
  ModelBenchOptions bench;
  BenchFormat format = BenchFormat::table;
  bool first_token = false;  // for the program itself: evaluate a prompt, print a token, and end
};

struct BenchEngineFlags {
  ModelFlags model;       // path: "" for a synthetic one
  std::string synthetic;  // a shape of cria synth; "": a file
  std::string type = "q4_0";
  EngineBenchOptions bench;
  BenchFormat format = BenchFormat::table;  // or json
};

struct ExplainModelFlags {
  ModelFlags model;
  SessionOptions session;
  bool measure = true;
  bool json = false;
};

struct VerifyFlags {
  std::string isa;
  bool json = false;
};

// As the parsers in options.h.
std::optional<int> parse_verify(const std::vector<std::string>& words, VerifyFlags* flags);
std::optional<int> parse_bench_model(const std::vector<std::string>& words, BenchModelFlags* flags);
std::optional<int> parse_bench_engine(const std::vector<std::string>& words,
                                      BenchEngineFlags* flags);
std::optional<int> parse_explain_model(const std::vector<std::string>& words,
                                       ExplainModelFlags* flags);
std::optional<int> parse_bench_gemm(const std::vector<std::string>& words, BenchGemmFlags* flags);
std::optional<int> parse_explain_gemm(const std::vector<std::string>& words,
                                      ExplainGemmFlags* flags);

}  // namespace cria::cli
