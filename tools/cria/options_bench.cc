#include "options_bench.h"

#include <algorithm>
#include <climits>

#include "flag_parsing.h"
#include "size_list.h"

namespace cria::cli {
namespace {

ElementType checked_type(const std::string& name) {
  std::string known;
  for (int i = 0; i <= static_cast<int>(ElementType::q6_k); ++i) {
    const auto type = static_cast<ElementType>(i);
    if (type == ElementType::s16 || type == ElementType::s32) continue;
    if (name == element_type_name(type)) return type;
    known += std::string(known.empty() ? "" : ", ") + element_type_name(type);
  }
  refuse("--type", "must be of " + known + "; found \"" + name + "\"");
}

void add_shapes_of_model(const std::string& name, std::vector<GemmBenchOptions::Shape>& shapes) {
  const auto found = matrix_shapes(name);
  if (!found.ok()) refuse("--model", found.status().message());
  for (const MatrixShape& shape : *found) {
    const bool known = std::any_of(shapes.begin(), shapes.end(),
                                   [&](const auto& s) { return s.n == shape.n && s.k == shape.k; });
    if (!known) shapes.push_back({shape.n, shape.k});
  }
}

BenchFormat checked_gemm_format(const std::string& name) {
  if (name == "md") return BenchFormat::table;
  if (name == "csv") return BenchFormat::csv;
  if (name == "json") return BenchFormat::json;
  refuse("-o,--output", "must be md, csv or json; found \"" + name + "\"");
}

std::vector<bool> checked_weights(const std::string& name) {
  if (name == "cold") return {true};
  if (name == "warm") return {false};
  if (name == "both") return {true, false};
  refuse("--weights", "must be cold, warm or both; found \"" + name + "\"");
}

struct RawGemmBench {
  std::string types = "f32", m = "1-64*2", n = "2048", k = "2048", model, threads = "1",
              weights = "cold", libraries, output = "md";
};

void finish_bench(const RawGemmBench& raw, BenchGemmFlags& flags) {
  GemmBenchOptions& bench = flags.bench;
  for (const std::string& type : split(raw.types, ',')) bench.types.push_back(checked_type(type));
  bench.m = parse_sizes("--m", raw.m);
  if (!raw.model.empty()) {
    add_shapes_of_model(raw.model, bench.shapes);
  } else {
    for (const int64_t n : parse_sizes("--n", raw.n)) {
      for (const int64_t k : parse_sizes("--k", raw.k)) bench.shapes.push_back({n, k});
    }
  }
  for (const std::string& t : split(raw.threads, ',')) {
    bench.threads.push_back(checked_integer("-t,--threads", t, 1, kMaxThreads));
  }
  bench.cold = checked_weights(raw.weights);
  if (!raw.libraries.empty()) bench.libraries = split(raw.libraries, ',');
  flags.format = checked_gemm_format(raw.output);
  for (const ElementType type : bench.types) {
    const int64_t block = type >= ElementType::q2_k ? 256 : type >= ElementType::q4_0 ? 32 : 1;
    for (const auto& shape : bench.shapes) {
      if (shape.k % block != 0) {
        refuse("--k", "must be a multiple of " + std::to_string(block) + " for " +
                          element_type_name(type) + "; found " + std::to_string(shape.k));
      }
    }
  }
}

constexpr const char* kBenchGemmExamples =
    "Examples:\n"
    "  cria bench gemm --type f32 --m 1,2,8 --n 2048 --k 2048 -t 1\n"
    "  cria bench gemm --type q4_0,q8_0 --m 1-64*2 --model tinyllama-1.1b -t 1,2 -o json\n"
    "  cria bench gemm --type f32 --m 1-64*2 --weights both --plot gemm.svg\n"
    "Libraries that are there are run in turn with ours (OpenBLAS and BLIS are loaded, Eigen and\n"
    "oneDNN are built in where CMake finds them); every result is checked before it is timed.\n"
    "Weights of types that a library lacks are given to it as fp32.";

constexpr const char* kExplainGemmExamples =
    "Examples:\n"
    "  cria explain gemm 4 2048 2048 q4_0\n"
    "  cria explain gemm 64 5632 2048 f32 -t 4 --isa scalar";

}  // namespace

std::optional<int> parse_bench_gemm(const std::vector<std::string>& words, BenchGemmFlags* flags) {
  CLI::App app("Times matrix products C(M,N) = A(M,K) B(K,N), ours and those of other libraries.",
               "cria bench gemm");
  RawGemmBench raw;
  add_string(app, "--type", "LIST", "types of the weights, as in f32,s8,q4_0", raw.types);
  add_string(app, "--m", "LIST", "rows of A: 1,2,8 or 1-8 or 1-9+2 or 1-64*2", raw.m);
  add_string(app, "--n", "LIST", "columns of B", raw.n);
  add_string(app, "--k", "LIST", "rows of B", raw.k);
  add_string(app, "--model", "NAME", "the shapes of this model's layers (cria synth --list)",
             raw.model);
  add_string(app, "-t,--threads", "LIST", "numbers of threads", raw.threads);
  add_string(app, "--weights", "HOW", "cold (from memory), warm (from the caches) or both",
             raw.weights);
  add_string(app, "--libs", "LIST", "of openblas, eigen, onednn, blis; without: all that are there",
             raw.libraries);
  add_integer(app, "-r,--repetitions", "samples of each, of which the median counts", 5, 10000,
              flags->bench.repeats);
  add_string(app, "-o,--output", "FORMAT", "md, csv or json", raw.output);
  add_string(app, "--plot", "FILE", "draw the share of the peak over M as SVG", flags->plot);
  add_string(app, "--isa", "NAME", "our kernel table; also CRIA_ISA", flags->bench.isa);
  app.footer(kBenchGemmExamples);
  return parse(app, words, [&] { finish_bench(raw, *flags); });
}

std::optional<int> parse_explain_gemm(const std::vector<std::string>& words,
                                      ExplainGemmFlags* flags) {
  CLI::App app("Says which kernel and packing a product gets, and why.", "cria explain gemm");
  std::vector<std::string> sizes;
  CLI::callback_t take = [&sizes](const CLI::results_t& values) {
    sizes = values;
    return true;
  };
  app.add_option("M_N_K_TYPE", take, "rows of A, columns of B, rows of B, type of B")
      ->expected(4)
      ->type_name("");
  add_integer(app, "-t,--threads", "threads", 1, kMaxThreads, flags->n_threads);
  add_string(app, "--isa", "NAME", "kernel table; also CRIA_ISA", flags->isa);
  app.footer(kExplainGemmExamples);
  return parse(app, words, [&] {
    if (sizes.size() != 4) throw CLI::RequiredError("M N K TYPE");
    flags->m = checked_size("M", sizes[0]);
    flags->n = checked_size("N", sizes[1]);
    flags->k = checked_size("K", sizes[2]);
    flags->type = checked_type(sizes[3]);
  });
}

}  // namespace cria::cli
