// Times the engine: many conversations at once, and what they do to each other.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "cria/engine.h"

namespace cria::cli {

struct EngineBenchOptions {
  std::vector<int> parallel = {1, 8};  // conversations at once
  int n_gen = 64;                      // tokens of each reply
  int n_prompt = 2000;                 // of the long prompts
  int n_threads = 0;
  KvType k_type = KvType::f16;
  KvType v_type = KvType::f16;
  int repeats = 5;
};

// Decode throughput of so many conversations together, all of them writing.
struct ParallelResult {
  int n_conversations = 0;
  double tokens_per_second = 0;  // median
  double spread = 0;             // (third quartile - first quartile) / median
  // Each conversation got the text that it gets alone.
  bool same_text = true;
};

// A long prompt arrives while another conversation's reply is written.
struct DelayResult {
  int n_prompt = 0;
  double step_ms = 0;       // between tokens before it, median
  double worst_gap_ms = 0;  // between tokens from then on: median of the worst of each run
  double worst_gap_steps = 0;
};

// The time to the first token where the conversation so far is held already.
struct PrefixResult {
  int n_prompt = 0;
  double cold_ms = 0;      // nothing is held
  double again_ms = 0;     // a second question
  double restore_ms = 0;   // a session's file is read
  double restored_ms = 0;  // a second question after that
};

// What eight conversations of a quarter of n_prompt tokens take.
struct KvResult {
  int64_t n_tokens = 0;       // held
  int64_t n_page_tokens = 0;  // that their pages have room for
  int64_t token_bytes = 0;    // of one page, over its tokens
  int64_t rss_growth_bytes = 0;
};

struct EngineBenchResult {
  int n_threads = 0;
  std::vector<ParallelResult> parallel;
  DelayResult delay;
  PrefixResult prefix;
  KvResult kv;
};

// on_step names what comes next. Errors: as Engine::create and Engine::submit; cancelled where
// stop() became true.
Result<EngineBenchResult> run_engine_bench(const Model& model, const EngineBenchOptions& options,
                                           const std::function<void(const char*)>& on_step,
                                           const std::function<bool()>& stop);

}  // namespace cria::cli
