// Times a model: prompts, generation, and flat batches of tokens, as shares of what the machine can
// do at most.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cria/diagnose.h"

namespace cria::cli {

struct ModelBenchOptions {
  std::vector<int> prompts = {512};      // tokens; 0: none
  std::vector<int> generations = {128};  // tokens; 0: none
  std::vector<std::pair<int, int>> prompts_and_generations;
  std::vector<int> batches;        // tokens of one forward pass
  std::vector<int> depths = {0};   // tokens that the KV cache holds before
  std::vector<int> threads = {0};  // 0: all that this process may use
  int n_batch = 2048;
  int n_ubatch = 512;
  KvType k_type = KvType::f16;
  KvType v_type = KvType::f16;
  int repeats = 5;
};

// What is timed. Of these three one is the rest's absence: a batch has neither prompt nor
// generation.
struct ModelTest {
  int n_prompt = 0;  // tokens in chunks, the logits of the last
  int n_gen = 0;     // tokens one by one; not sampled, so that only the model is timed
  int n_batch = 0;   // tokens in one forward pass, over and over at the same depth
  int n_depth = 0;
  int n_tokens() const { return n_prompt + n_gen + n_batch; }
  std::string name() const;  // "pp512", "tg128 @ d1024", "pp512+tg128", "batch8"
};

// What all tests with one number of threads share.
struct ModelContext {
  MachineLimits limits;  // n_threads: how many
  ModelExplanation explanation;
  uint64_t logit_hash = 0;
};

struct ModelResult {
  ModelTest test;
  ModelContext context;
  std::string time;  // when it began: "2026-01-31T12:00:00Z"
  std::vector<int64_t> samples_ns;
  // Bytes of weights and of the KV cache that the test has to read, over what the memory gives;
  // none where a prompt is read, whose chunks find the cache's rows near.
  std::optional<double> bandwidth_share;
  double peak_share = 0;  // operations of the matrix products, attention aside, over the peak
  int64_t rss_bytes = 0;  // resident memory of this process at the end of the test

  double mean_ns() const;
  double deviation_ns() const;  // of the samples, n - 1 in the denominator; 0 for one
  std::vector<double> tokens_per_second() const;
  double mean_ts() const;
  double deviation_ts() const;
};

// Tests in the order in which they are run.
std::vector<ModelTest> tests_of(const ModelBenchOptions& options);

// on_result gets each test as it is done. Where stop() becomes true the test at hand ends with the
// samples that it has, and no other begins. Errors: as Session::append, measure_limits.
Status run_model_bench(const Model& model, const ModelBenchOptions& options, const std::string& isa,
                       const std::function<void(const ModelResult&)>& on_result,
                       const std::function<bool()>& stop);

// n ids that differ, the same for everybody.
std::vector<TokenId> fixed_tokens(int n, int n_vocab);

}  // namespace cria::cli
