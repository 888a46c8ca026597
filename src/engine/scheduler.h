// Many replies at once: continuous batching (Yu et al. 2022, "Orca") with prompts in chunks
// (Agrawal et al. 2023, "Sarathi").
#pragma once

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "cria/engine.h"
#include "engine/generation.h"
#include "engine/sequence.h"

namespace cria::engine {

struct Job {
  std::vector<TokenId> prompt;  // at least one token
  GenerateOptions options;
  PieceCallback on_piece;
  std::function<void(Result<GenerateResult>)> on_done;
  int priority = 0;  // the highest first; equal ones in the order in which they came
};

struct SchedulerOptions {
  int n_ctx = 0;  // tokens of one sequence at most
  int max_running = 16;
};

// The last few measurements of one thing.
class RecentTimes {
 public:
  void add(double seconds);
  bool empty() const { return n_ == 0; }
  // The value that a share of them does not exceed. Requires: not empty.
  double quantile(double share) const;

 private:
  static constexpr size_t kKept = 16;
  std::array<double, kKept> values_ = {};
  size_t n_ = 0;
};

// Evaluates jobs step by step, all that run in one flat batch. Sequences come and go at every step;
// a job's tokens are those that it would get alone, bit by bit. While replies are being written, a
// prompt is cut so that a step takes at most kMaxDelay times one without it. Where no page is left,
// the job of the lowest priority that came last gives its pages back and starts again later from
// what it has. Callbacks run inside step(); one that throws ends all jobs with `internal`. For one
// thread at a time.
class Scheduler {
 public:
  static constexpr double kMaxDelay = 2.5;

  Scheduler(std::shared_ptr<Engine> engine, const SchedulerOptions& options);
  ~Scheduler();

  // A job that cannot be done is answered at once: context_full where the prompt does not fit.
  void add(Job job);
  // One pass of the model. False: there was nothing to do.
  bool step();

  bool idle() const { return waiting_.empty() && running_.empty(); }
  EngineStats stats() const;

 private:
  struct Task;
  using Tasks = std::list<std::unique_ptr<Task>>;

  void admit();
  bool shares_prompt_with_running(const Task& task) const;
  void drop_cancelled();
  void choose_tokens();
  void adopt_prefix(Task& task);
  void build_batch();
  bool add_to_batch(Task& task, int64_t n_tokens);
  int64_t prefill_budget(int64_t n_decoding) const;
  bool make_room(const Task& task);
  Status run_batch();
  void commit_batch(double seconds);
  void measure(double seconds, int64_t n_decoding, int64_t n_prefill);
  bool try_step();
  void end(Task& task, const Status& status);
  void end_all(const Status& status);
  void answer(Task& task, Result<GenerateResult> result);
  void remove_ended();

  std::shared_ptr<Engine> engine_;
  SchedulerOptions options_;
  Tasks waiting_;  // by priority, then in the order in which they came
  Tasks running_;  // likewise
  std::vector<Task*> batch_;
  std::vector<model::Slice> slices_;
  std::vector<float> logits_;
  uint64_t n_added_ = 0;
  // In seconds. A step is estimated low and a prompt's token high, so that noise does not lengthen
  // the steps of those who wait for their next token.
  RecentTimes decode_steps_, prefill_tokens_;
  int n_mixed_steps_ = 0;   // since a step without prompts
  bool was_plain_ = false;  // the last step
  EngineStats stats_;
};

}  // namespace cria::engine
