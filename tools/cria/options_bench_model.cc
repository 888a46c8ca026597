// The flags of `cria bench MODEL`, `cria explain MODEL` and `cria verify`.
#include <algorithm>

#include "flag_parsing.h"
#include "model_flags.h"
#include "options_bench.h"
#include "size_list.h"

namespace cria::cli {
namespace {

// Lists may be one word or several: -p 128,512 or -p 128 -p 512.
void add_list(CLI::App& app, const std::string& flags, const char* help, std::string& target) {
  add_repeatable(app, flags, "LIST", help, [&target](const std::string& value) {
    target += (target.empty() ? "" : ",") + value;
  });
}

std::vector<int> sizes_of(const std::string& flags, const std::string& text, int64_t least) {
  const std::vector<int64_t> sizes = parse_sizes(flags, text, least);
  return {sizes.begin(), sizes.end()};
}

BenchFormat checked_model_format(const std::string& name) {
  if (name == "md") return BenchFormat::table;
  if (name == "csv") return BenchFormat::csv;
  if (name == "json") return BenchFormat::json;
  if (name == "jsonl") return BenchFormat::jsonl;
  refuse("-o,--output", "must be md, csv, json or jsonl; found \"" + name + "\"");
}

std::pair<int, int> checked_pair(const std::string& text) {
  const std::vector<std::string> parts = split(text, ',');
  if (parts.size() != 2) {
    refuse("--prompt-gen", "must be two numbers, as in 512,128; found \"" + text + "\"");
  }
  return {static_cast<int>(checked_size("--prompt-gen", parts[0])),
          static_cast<int>(checked_size("--prompt-gen", parts[1]))};
}

struct RawModelBench {
  std::string prompts, generations, depths, threads, batches, output = "md";
};

void add_measure_flags(CLI::App& app, RawModelBench& raw, ModelBenchOptions& bench) {
  add_list(app, "-p,--n-prompt", "tokens of prompts; 0: none (512)", raw.prompts);
  add_list(app, "-n,--n-gen", "tokens to generate; 0: none (128)", raw.generations);
  add_repeatable(app, "--prompt-gen", "P,N", "a prompt and then a generation (also -pg)",
                 [&bench](const std::string& value) {
                   bench.prompts_and_generations.push_back(checked_pair(value));
                 });
  add_list(app, "--batch", "flat batches: tokens of one forward pass, as in 1,2,4,8", raw.batches);
  add_list(app, "-d,--n-depth", "tokens that the context holds before (0)", raw.depths);
  add_list(app, "-t,--threads", "numbers of threads; 0: all (CRIA_THREADS, or 0)", raw.threads);
  add_integer(app, "-r,--repetitions", "samples of each test (5)", 1, 10000, bench.repeats);
  add_integer(app, "-b,--batch-size", "at most this many tokens of a prompt at once (2048)", 1,
              static_cast<int>(kMaxSize), bench.n_batch);
  add_integer(app, "--ubatch-size", "tokens of a prompt evaluated at once (512; also -ub)", 1,
              static_cast<int>(kMaxSize), bench.n_ubatch);
  add_cache_type(app, "--cache-type-k", "keys in the cache: f16, f32, q8_0 or q4_0 (also -ctk)",
                 bench.k_type);
  add_cache_type(app, "--cache-type-v", "values in the cache: f16, f32, q8_0 or q4_0 (also -ctv)",
                 bench.v_type);
}

void set_lists(const RawModelBench& raw, ModelBenchOptions& bench) {
  if (!raw.prompts.empty()) bench.prompts = sizes_of("-p,--n-prompt", raw.prompts, 0);
  if (!raw.generations.empty()) bench.generations = sizes_of("-n,--n-gen", raw.generations, 0);
  if (!raw.depths.empty()) bench.depths = sizes_of("-d,--n-depth", raw.depths, 0);
  if (!raw.batches.empty()) bench.batches = sizes_of("--batch", raw.batches, 1);
  for (const int n : bench.batches) {
    if (n > 4096) refuse("--batch", "must be 1 to 4096; found " + std::to_string(n));
  }
  if (raw.threads.empty()) {
    bench.threads = {threads_of_environment().value_or(0)};
    return;
  }
  bench.threads.clear();
  for (const std::string& text : split(raw.threads, ',')) {
    bench.threads.push_back(checked_integer("-t,--threads", text, 0, kMaxThreads));
  }
}

// A file, or a shape in its place.
void finish_source(const CLI::App& app, ModelFlags& model, const std::string& synthetic) {
  if (synthetic.empty()) {
    if (app.count("--type") > 0) refuse("--type", "goes with --synthetic only");
    return require_model(model);
  }
  if (!model.path.empty()) {
    refuse("--synthetic", "takes the place of a model file; found \"" + model.path + "\"");
  }
  const std::vector<std::string> shapes = synth_shapes();
  if (std::find(shapes.begin(), shapes.end(), synthetic) == shapes.end()) {
    std::string known;
    for (const std::string& shape : shapes) known += (known.empty() ? "" : ", ") + shape;
    refuse("--synthetic", "must be one of " + known + "; found \"" + synthetic + "\"");
  }
}

void finish_bench(const CLI::App& app, const RawModelBench& raw, BenchModelFlags& flags) {
  set_lists(raw, flags.bench);
  flags.format = checked_model_format(raw.output);
  finish_source(app, flags.model, flags.synthetic);
}

struct RawEngineBench {
  std::string parallel, output = "md";
};

void finish_engine_bench(const CLI::App& app, const RawEngineBench& raw, BenchEngineFlags& flags) {
  if (!raw.parallel.empty()) flags.bench.parallel = sizes_of("--parallel", raw.parallel, 1);
  for (const int n : flags.bench.parallel) {
    if (n > 1024) refuse("--parallel", "must be 1 to 1024; found " + std::to_string(n));
  }
  flags.format = checked_model_format(raw.output);
  if (flags.format != BenchFormat::table && flags.format != BenchFormat::json) {
    refuse("-o,--output", "must be md or json; found \"" + raw.output + "\"");
  }
  if (app.count("--threads") == 0) flags.bench.n_threads = threads_of_environment().value_or(0);
  finish_source(app, flags.model, flags.synthetic);
}

void add_model(CLI::App& app, ModelFlags& model) {
  add_string(app, "-m,--model,MODEL", "FILE", "model file: GGUF or llama2.c checkpoint",
             model.path);
  add_string(app, "--tokenizer", "FILE", "vocabulary file of a llama2.c checkpoint",
             model.tokenizer);
  add_string(app, "--isa", "NAME", "kernel table; also CRIA_ISA", model.isa);
  add_packed_flags(app, model);
}

void add_source(CLI::App& app, ModelFlags& model, std::string& synthetic, std::string& type) {
  add_model(app, model);
  add_string(app, "--synthetic", "NAME", "random weights of this shape (cria synth --list)",
             synthetic);
  add_string(app, "--type", "TYPE", "type of the synthetic matrices (q4_0)", type);
}

constexpr const char* kBenchEngineExamples =
    "Examples:\n"
    "  cria bench engine model.gguf -t 2\n"
    "  cria bench engine --synthetic tinyllama-1.1b --parallel 1-16*2 -o json\n"
    "Conversations: tokens a second of all together, and whether each got the text that it gets\n"
    "alone. Then the longest gap in a reply while a long prompt is evaluated beside it, against "
    "the\n"
    "time of a token before; the time to the first token of a second question, where the\n"
    "conversation so far is held or comes from a file; and what eight conversations take in pages\n"
    "and in resident memory.";

constexpr const char* kBenchModelExamples =
    "Examples:\n"
    "  cria bench model.gguf -t 1,2\n"
    "  cria bench model.gguf -p 512 -n 128 -d 0,1024 -r 5 -o json\n"
    "  cria bench --synthetic tinyllama-1.1b --type q4_0 -p 0 -n 64\n"
    "  cria bench model.gguf -p 0 -n 0 --batch 1-64*2\n"
    "  cria bench gemm --help                            # matrix products alone\n"
    "pp: tokens of a prompt a second; tg: of a generation (tokens are fixed, not sampled); batch: "
    "of\n"
    "one forward pass of so many tokens at once. bandwidth: the bytes of weights and KV cache "
    "that\n"
    "a test has to read, over what memory gives; peak: the operations of the matrix products\n"
    "without attention, over what the kernels' best instructions give; both limits are measured "
    "in\n"
    "the same run. First token: from the start of the program, run as a child, to the first token\n"
    "after a prompt of 20. Logits: a hash of those after 32 fixed tokens, the same for any number\n"
    "of threads. Lists may be ranges: 1-8, 1-9+2, 1-64*2.";

constexpr const char* kVerifyExamples =
    "Examples:\n"
    "  cria verify\n"
    "  cria verify --isa neon --json\n"
    "Exit code 1 where a kernel is wrong. Without --isa the result is kept for this CPU and build\n"
    "($XDG_CACHE_HOME/cria), and the other commands then do without the wrong ones and say so.\n"
    "CRIA_KERNELS_OFF=TABLE/SLOT,... names kernels to do without; set to nothing: none.";

constexpr const char* kExplainModelExamples =
    "Examples:\n"
    "  cria explain model.gguf\n"
    "  cria explain model.gguf -t 1 --json | jq .matrices\n"
    "  cria explain gemm 4 2048 2048 q4_0                # a matrix product alone";

}  // namespace

std::optional<int> parse_bench_model(const std::vector<std::string>& words,
                                     BenchModelFlags* flags) {
  CLI::App app("Times a model: prompts, generation, flat batches.", "cria bench");
  RawModelBench raw;
  add_source(app, flags->model, flags->synthetic, flags->type);
  add_measure_flags(app, raw, flags->bench);
  add_string(app, "-o,--output", "FORMAT", "md, csv, json or jsonl", raw.output);
  app.add_flag("--first-token", flags->first_token)->group("");
  app.footer(kBenchModelExamples);
  return parse(app, words, [&] { finish_bench(app, raw, *flags); });
}

std::optional<int> parse_bench_engine(const std::vector<std::string>& words,
                                      BenchEngineFlags* flags) {
  CLI::App app("Times many conversations with one model at once.", "cria bench engine");
  RawEngineBench raw;
  EngineBenchOptions& bench = flags->bench;
  add_source(app, flags->model, flags->synthetic, flags->type);
  add_list(app, "--parallel", "conversations at once, as in 1,2,4,8 (1,8)", raw.parallel);
  add_integer(app, "-n,--n-gen", "tokens of each reply (64)", 8, 1 << 20, bench.n_gen);
  add_integer(app, "-p,--n-prompt", "tokens of a long prompt, about (2000)", 64, 1 << 20,
              bench.n_prompt);
  add_integer(app, "-t,--threads", "threads; 0: all (CRIA_THREADS, or 0)", 0, kMaxThreads,
              bench.n_threads);
  add_integer(app, "-r,--repetitions", "samples of each, of which the median counts (5)", 1, 10000,
              bench.repeats);
  add_cache_type(app, "--cache-type-k", "keys in the cache (also -ctk)", bench.k_type);
  add_cache_type(app, "--cache-type-v", "values in the cache (also -ctv)", bench.v_type);
  add_string(app, "-o,--output", "FORMAT", "md or json", raw.output);
  app.footer(kBenchEngineExamples);
  return parse(app, words, [&] { finish_engine_bench(app, raw, *flags); });
}

std::optional<int> parse_explain_model(const std::vector<std::string>& words,
                                       ExplainModelFlags* flags) {
  CLI::App app("Says which kernels and packing a model gets, what a token costs, and its limit.",
               "cria explain");
  add_model(app, flags->model);
  add_integer(app, "-t,--threads", "threads; 0: all that this process may use", 0, kMaxThreads,
              flags->session.n_threads);
  app.add_flag_callback(
      "--no-measure", [flags] { flags->measure = false; },
      "do not measure the memory's bandwidth (half a second)");
  app.add_flag("--json", flags->json, "print JSON");
  app.footer(kExplainModelExamples);
  return parse(app, words, [&] {
    require_model(flags->model);
    if (app.count("--threads") == 0) {
      flags->session.n_threads = threads_of_environment().value_or(0);
    }
  });
}

std::optional<int> parse_verify(const std::vector<std::string>& words, VerifyFlags* flags) {
  CLI::App app("Compares every kernel that would run on this CPU with its definition.",
               "cria verify");
  add_string(app, "--isa", "NAME", "tables up to this one, as in neon; also CRIA_ISA", flags->isa);
  app.add_flag("--json", flags->json, "print JSON");
  app.footer(kVerifyExamples);
  return parse(app, words, [] {});
}

}  // namespace cria::cli
