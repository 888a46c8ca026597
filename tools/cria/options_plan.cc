// The flags of `cria plan`.
#include "options_plan.h"

#include <climits>

#include "flag_parsing.h"
#include "model_flags.h"

namespace cria::cli {
namespace {

constexpr int kMostConversations = 65536;

constexpr const char* kPlanExamples =
    "Examples:\n"
    "  cria plan model.gguf\n"
    "  cria plan model.gguf -c 8192 --parallel 4\n"
    "  cria plan model.gguf --mem 1.5G                   # the largest context that fits\n"
    "  cria plan model.gguf -c 4096 --mem 2GB --json | jq .largest_n_conversations\n"
    "From the file's header alone: no weight is read. The total is what the program will have\n"
    "resident at its peak, with every context full; `cria run --mem SIZE` holds it to that. K, M, "
    "G\n"
    "and T in SIZE are powers of 1024 (KiB, MiB, ... too), KB, MB, GB and TB of 1000. Exit code 1\n"
    "where a budget is given that the plan does not fit.";

}  // namespace

std::optional<int> parse_plan(const std::vector<std::string>& words, PlanFlags* flags) {
  CLI::App app("Says what a model will take in memory, and what fits a budget.", "cria plan");
  SessionOptions& session = flags->session;
  add_model_flags(app, flags->model);
  add_string(app, "--isa", "NAME", "kernel table; also CRIA_ISA", flags->model.isa);
  add_integer(app, "-c,--ctx-size",
              "tokens of each context; without: the model's own, or what fits --mem", 0, INT_MAX,
              session.n_ctx);
  add_integer(app, "--parallel", "conversations at once (1)", 1, kMostConversations,
              flags->n_conversations);
  add_byte_size(app, "--mem", "the budget, as in 800M or 1.5G", flags->memory_budget);
  add_threads_flag(app, session.n_threads);
  add_integer(app, "--ubatch-size", "tokens of a prompt evaluated at once (512; also -ub)", 1,
              INT_MAX, session.n_chunk);
  add_cache_type(app, "--cache-type-k", "keys in the cache: f16 or f32 (also -ctk)",
                 session.k_type);
  add_cache_type(app, "--cache-type-v", "values in the cache: f16 or f32 (also -ctv)",
                 session.v_type);
  app.add_flag("--json", flags->json, "print JSON");
  app.footer(kPlanExamples);
  return parse(app, words, [&] {
    require_model(flags->model);
    finish_threads(app, session.n_threads);
  });
}

}  // namespace cria::cli
