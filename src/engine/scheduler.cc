#include "engine/scheduler.h"

#include <algorithm>
#include <chrono>
#include <new>

#include "base/str_cat.h"

namespace cria::engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLow = 0.25, kHigh = 0.75;  // quantiles of what was measured
constexpr int kMixedSteps = 32;              // in a row
constexpr int64_t kFirstChunk = 8;           // beside replies, before anything has been measured

}  // namespace

void RecentTimes::add(double seconds) { values_[n_++ % kKept] = seconds; }

double RecentTimes::quantile(double share) const {
  const size_t n = std::min(n_, kKept);
  std::array<double, kKept> sorted = values_;
  const auto at = sorted.begin() + static_cast<int64_t>(share * static_cast<double>(n - 1));
  std::nth_element(sorted.begin(), at, sorted.begin() + static_cast<int64_t>(n));
  return *at;
}

struct Scheduler::Task {
  Task(Job own_job, uint64_t own_number) : job(std::move(own_job)), number(own_number) {}

  bool prefilling() const { return n_evaluated < text.size(); }
  bool has_reply() const { return text.size() > job.prompt.size(); }
  bool goes_before(const Task& other) const {
    return job.priority != other.job.priority ? job.priority > other.job.priority
                                              : number < other.number;
  }

  Job job;
  uint64_t number;
  std::unique_ptr<Sequence> sequence;
  std::optional<Generation> generation;
  std::vector<TokenId> text;  // the prompt, and what was chosen so far
  size_t n_evaluated = 0;     // of text, held by the sequence
  size_t n_in_batch = 0;      // tokens after those
  bool last = false;          // it ends once all of text is evaluated
  bool gave_way = false;      // in this step
  bool ended = false;
  bool answered = false;
  Clock::time_point added = Clock::now(), first_token = {};
  int n_reused = 0;
};

Scheduler::Scheduler(std::shared_ptr<Engine> engine, const SchedulerOptions& options)
    : engine_(std::move(engine)), options_(options) {
  const auto max_running = static_cast<size_t>(options_.max_running);
  batch_.reserve(max_running);
  slices_.reserve(max_running);
  logits_.resize(max_running * static_cast<size_t>(engine_->model().config.n_vocab));
}

Scheduler::~Scheduler() {
  const Status gone(StatusCode::cancelled, "the engine was shut down");
  end_all(gone);
}

void Scheduler::add(Job job) {
  auto task = std::make_unique<Task>(std::move(job), n_added_++);
  const size_t n_prompt = task->job.prompt.size();
  const int64_t n_most =
      std::min<int64_t>(options_.n_ctx, engine_->pool().n_pages() * ops::kKvPage);
  if (static_cast<int64_t>(n_prompt) > n_most) {
    end(*task,
        Status(StatusCode::context_full, str_cat("the context is full: the prompt has ", n_prompt,
                                                 " tokens, expected at most ", n_most)));
    return;
  }
  task->text = task->job.prompt;
  task->text.reserve(static_cast<size_t>(options_.n_ctx) + 1);
  const text::SpecialTokens& special = engine_->model().vocabulary->tokenizer->special();
  const bool at_text_start = n_prompt == 1 && task->text[0] == special.bos;
  task->generation.emplace(engine_->model(), task->job.options, task->job.on_piece, at_text_start);
  task->generation->result().n_prompt = static_cast<int>(n_prompt);
  task->generation->accept(task->text);
  ++stats_.n_requests;
  const auto after = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const auto& other) { return task->goes_before(*other); });
  waiting_.insert(after, std::move(task));
}

// True where a running task has yet to evaluate much of this one's prompt: to wait for its pages
// costs less than to evaluate the same again.
bool Scheduler::shares_prompt_with_running(const Task& task) const {
  return std::any_of(running_.begin(), running_.end(), [&](const auto& other) {
    if (other->text.size() - other->n_evaluated <= 1) return false;  // a reply that goes on
    const auto differs =
        std::mismatch(task.text.begin(), task.text.end(), other->text.begin(), other->text.end());
    const int64_t n_shared = (differs.first - task.text.begin()) / ops::kKvPage * ops::kKvPage;
    return n_shared >= static_cast<int64_t>(other->n_evaluated) + 2 * ops::kKvPage;
  });
}

void Scheduler::admit() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (static_cast<int>(running_.size()) >= options_.max_running) return;
    if (shares_prompt_with_running(**it)) {
      ++it;
      continue;
    }
    std::unique_ptr<Task> task = std::move(*it);
    it = waiting_.erase(it);
    task->sequence = Sequence::create(engine_, options_.n_ctx);
    adopt_prefix(*task);
    const auto after = std::find_if(running_.begin(), running_.end(),
                                    [&](const auto& other) { return task->goes_before(*other); });
    running_.insert(after, std::move(task));
  }
}

// Those that wait for their next token are asked when it is chosen; here are those that wait for
// something else: a prompt, or pages for a reply that had to give way.
void Scheduler::drop_cancelled() {
  const auto outcome = [](Task& task) {
    if (!task.has_reply()) {
      return Status(StatusCode::cancelled, "cancelled before the first token");
    }
    task.generation->result().finish = FinishReason::cancelled;
    return Status();
  };
  const auto wants_out = [](const Task& task) {
    return task.prefilling() && task.job.options.should_cancel && task.job.options.should_cancel();
  };
  for (Tasks* tasks : {&running_, &waiting_}) {
    for (auto it = tasks->begin(); it != tasks->end();) {
      const bool drop = wants_out(**it);
      if (drop) end(**it, outcome(**it));
      it = drop ? tasks->erase(it) : std::next(it);
    }
  }
}

void Scheduler::choose_tokens() {
  for (const auto& task : running_) {
    if (task->prefilling() || task->ended) continue;
    if (task->last) {
      end(*task, {});
      continue;
    }
    const bool full = static_cast<int64_t>(task->text.size()) >= options_.n_ctx;
    const auto step = task->generation->next(task->sequence->logits(), full);
    if (task->first_token == Clock::time_point()) task->first_token = Clock::now();
    if (!step.ok() || !step->id) {
      end(*task, step.ok() ? Status() : step.status());
      continue;
    }
    ++stats_.n_generated_tokens;
    task->text.push_back(*step->id);
    task->last = step->last;
  }
  remove_ended();
}

int64_t Scheduler::prefill_budget(int64_t n_decoding) const {
  const int64_t n_most = engine_->n_chunk() - n_decoding;
  if (n_decoding == 0 || n_most <= 0) return n_most;
  // A step without prompts now and then says what one takes; the first one is waited for.
  const bool wants_plain_step = decode_steps_.empty() || n_mixed_steps_ >= kMixedSteps;
  if (wants_plain_step && !was_plain_) return 0;
  if (prefill_tokens_.empty()) return std::min(kFirstChunk, n_most);
  const double seconds = (kMaxDelay - 1) * decode_steps_.quantile(kLow);
  const auto n = static_cast<int64_t>(seconds / prefill_tokens_.quantile(kHigh));
  return std::clamp(n, int64_t{1}, n_most);
}

// Takes the pages of the task that matters least, if it is not this one.
bool Scheduler::make_room(const Task& task) {
  for (auto it = running_.rbegin(); it != running_.rend(); ++it) {
    Task& other = **it;
    if (&other == &task || other.ended) continue;
    if (!task.goes_before(other)) return false;
    if (other.sequence->pages().empty()) continue;
    other.sequence->leave();
    other.n_evaluated = 0;
    other.gave_way = true;
    if (other.n_in_batch > 0) {
      const auto at = std::find(batch_.begin(), batch_.end(), &other);
      slices_.erase(slices_.begin() + (at - batch_.begin()));
      batch_.erase(at);
      other.n_in_batch = 0;
    }
    ++stats_.n_preemptions;
    return true;
  }
  return false;
}

bool Scheduler::add_to_batch(Task& task, int64_t n_tokens) {
  while (!task.sequence->prepare(n_tokens)) {
    if (!make_room(task)) return false;
  }
  const auto tokens =
      std::span<const TokenId>(task.text).subspan(task.n_evaluated, static_cast<size_t>(n_tokens));
  const bool all = task.n_evaluated + tokens.size() == task.text.size();
  slices_.push_back(
      task.sequence->slice(tokens, all ? model::LogitsFor::last : model::LogitsFor::none));
  batch_.push_back(&task);
  task.n_in_batch = tokens.size();
  return true;
}

// For those that begin, and for those that had to give way.
void Scheduler::adopt_prefix(Task& task) {
  const int64_t n_reused = task.sequence->adopt_prefix(task.text);
  task.n_evaluated = static_cast<size_t>(n_reused);
  const auto n_prompt = static_cast<int64_t>(task.job.prompt.size());
  task.n_reused = std::max(task.n_reused, static_cast<int>(std::min(n_reused, n_prompt)));
  stats_.n_reused_tokens += n_reused;
}

// First one token of every reply, then prompts as far as the budget goes.
void Scheduler::build_batch() {
  batch_.clear();
  slices_.clear();
  const auto n_missing = [](const Task& task) {
    return static_cast<int64_t>(task.text.size() - task.n_evaluated);
  };
  for (const auto& task : running_) {
    if (task->n_evaluated == 0) adopt_prefix(*task);
  }
  for (const auto& task : running_) {
    if (n_missing(*task) == 1) add_to_batch(*task, 1);
  }
  int64_t left = prefill_budget(static_cast<int64_t>(batch_.size()));
  for (const auto& task : running_) {
    if (left <= 0) break;
    if (n_missing(*task) <= 1 || task->n_in_batch > 0) continue;
    if (task->gave_way) continue;  // just now: its pages are somebody else's
    const int64_t n = std::min(left, n_missing(*task));
    if (add_to_batch(*task, n)) left -= n;
  }
}

Status Scheduler::run_batch() {
  // A prompt alone may be stopped inside of the pass. A reply, and several, wait for its end, which
  // is near: what a reply has is not lost.
  const bool is_prompt = batch_.size() == 1 && !batch_[0]->has_reply();
  const std::function<bool()>* cancel = is_prompt ? &batch_[0]->job.options.should_cancel : nullptr;
  return engine_->forward({.slices = slices_, .logits = logits_.data(), .should_cancel = cancel});
}

void Scheduler::commit_batch(double seconds) {
  const auto n_vocab = static_cast<size_t>(engine_->model().config.n_vocab);
  const float* row = logits_.data();
  int64_t n_decoding = 0, n_prefill = 0;
  for (size_t i = 0; i < batch_.size(); ++i) {
    Task& task = *batch_[i];
    const model::Slice& slice = slices_[i];
    const bool has_logits = slice.logits_for == model::LogitsFor::last;
    task.sequence->commit(slice.tokens, {row, has_logits ? n_vocab : 0});
    row += has_logits ? n_vocab : 0;
    task.n_evaluated += slice.tokens.size();
    // A lone token costs what the next one of a reply does, whatever it belongs to.
    const auto n_tokens = static_cast<int64_t>(slice.tokens.size());
    (n_tokens > 1 ? n_prefill : n_decoding) += n_tokens;
    const bool in_prompt = task.n_evaluated <= task.job.prompt.size();
    if (in_prompt && task.job.options.on_prefill) {
      task.job.options.on_prefill(static_cast<int>(task.n_evaluated),
                                  static_cast<int>(task.job.prompt.size()));
    }
  }
  measure(seconds, n_decoding, n_prefill);
}

void Scheduler::measure(double seconds, int64_t n_decoding, int64_t n_prefill) {
  ++stats_.n_steps;
  stats_.n_evaluated_tokens += n_decoding + n_prefill;
  stats_.busy_seconds += seconds;
  was_plain_ = n_prefill == 0;
  if (was_plain_) {
    decode_steps_.add(seconds);
    n_mixed_steps_ = 0;
  } else {
    if (n_decoding > 0) ++n_mixed_steps_;
    const double beside =
        n_decoding > 0 && !decode_steps_.empty() ? decode_steps_.quantile(kLow) : 0;
    prefill_tokens_.add(std::max(seconds - beside, seconds / 10) / static_cast<double>(n_prefill));
  }
}

EngineStats Scheduler::stats() const {
  EngineStats stats = stats_;
  stats.n_running = static_cast<int>(running_.size());
  stats.n_waiting = static_cast<int>(waiting_.size());
  stats.n_pages = engine_->pool().n_pages();
  stats.n_free_pages = engine_->pool().n_free();
  stats.n_prefix_pages = engine_->prefixes() != nullptr ? engine_->prefixes()->n_pages() : 0;
  stats.page_bytes = static_cast<int64_t>(engine_->pool().page_bytes());
  return stats;
}

bool Scheduler::step() {
  try {
    return try_step();
  } catch (const std::bad_alloc&) {
    end_all(Status(StatusCode::out_of_memory, "out of memory"));
  } catch (...) {
    end_all(Status(StatusCode::internal, "callback threw"));
  }
  return true;
}

// After something was thrown in the middle of a step nobody knows how far it got.
void Scheduler::end_all(const Status& status) {
  for (Tasks* tasks : {&running_, &waiting_}) {
    for (const auto& task : *tasks) {
      if (!task->ended) end(*task, status);
      if (!task->answered) answer(*task, status);
    }
    tasks->clear();
  }
}

bool Scheduler::try_step() {
  drop_cancelled();
  choose_tokens();
  admit();
  if (running_.empty()) return false;
  for (const auto& task : running_) {
    task->n_in_batch = 0;
    task->gave_way = false;
  }
  build_batch();
  if (batch_.empty()) {  // nobody got a page: the first one never will
    end(*running_.front(),
        Status(StatusCode::out_of_memory, "the KV cache is full; ask for a larger one"));
    remove_ended();
    return true;
  }
  const auto start = Clock::now();
  const Status status = run_batch();
  if (status.ok()) {
    commit_batch(seconds_since(start));
  } else {
    for (Task* task : batch_) end(*task, status);
    remove_ended();
  }
  return true;
}

void Scheduler::answer(Task& task, Result<GenerateResult> result) {
  task.answered = true;
  task.job.on_done(std::move(result));
}

void Scheduler::end(Task& task, const Status& status) {
  task.ended = true;
  if (task.sequence) task.sequence->leave();
  if (!status.ok()) return answer(task, status);
  task.generation->finish();
  GenerateResult& result = task.generation->result();
  result.n_reused = task.n_reused;
  if (task.first_token == Clock::time_point()) task.first_token = Clock::now();
  result.prompt_seconds = std::chrono::duration<double>(task.first_token - task.added).count();
  result.generate_seconds = seconds_since(task.first_token);
  answer(task, std::move(result));
}

void Scheduler::remove_ended() {
  const size_t n_before = running_.size();
  running_.remove_if([](const auto& task) { return task->ended; });
  if (running_.size() < n_before && engine_->prefixes() == nullptr) engine_->pool().trim();
}

}  // namespace cria::engine
