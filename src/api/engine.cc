#include "cria/engine.h"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "api/chat_encoding.h"
#include "api/guard.h"
#include "api/impl.h"
#include "engine/generate.h"
#include "engine/scheduler.h"

namespace cria {

// No std::future: what its destructor does without memory ends the program.
struct PendingReply::State {
  void set(Result<GenerateResult> value) {
    {
      const std::lock_guard lock(mutex);
      result.emplace(std::move(value));
    }
    changed.notify_all();
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<GenerateResult>> result;  // set once
  std::atomic<bool> is_cancelled = false;
};

bool PendingReply::done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->result.has_value();
}

const Result<GenerateResult>& PendingReply::get() const {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->result.has_value(); });
  return *state_->result;
}

void PendingReply::cancel() { state_->is_cancelled = true; }

// The scheduler belongs to the thread; what others hand over or ask for stands beside it.
struct Engine::Impl {
  Impl(std::shared_ptr<engine::Engine> own_engine, const engine::SchedulerOptions& own_options)
      : engine(std::move(own_engine)), options(own_options), scheduler(engine, options) {
    inbox.reserve(kMaxInbox);
    jobs.reserve(kMaxInbox);
  }

  // No std::thread: what that does where a thread cannot be made, or is left alone, ends the
  // program.
  Status start() {
    const auto begin = [](void* self) -> void* {
      static_cast<Impl*>(self)->run();
      return nullptr;
    };
    is_started = pthread_create(&thread, nullptr, begin, this) == 0;
    if (is_started) return {};
    return Status(StatusCode::out_of_memory, "the system gives no thread for the engine");
  }

  ~Impl() {
    if (!is_started) return;
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_one();
    pthread_join(thread, nullptr);
  }

  void run() {
    while (take_jobs()) {
      scheduler.step();
      publish();
    }
  }

  // Waits while there is nothing to do. False: the end.
  bool take_jobs() {
    bool is_end = false;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return stopping || !inbox.empty() || !scheduler.idle(); });
      is_end = stopping;
      jobs.swap(inbox);
    }
    for (engine::Job& job : jobs) {
      if (is_end) {
        job.on_done(Status(StatusCode::cancelled, "the engine was shut down"));
      } else {
        add(job);
      }
    }
    jobs.clear();
    return !is_end;
  }

  // No memory for a job is that job's end.
  void add(engine::Job& job) {
    const auto on_done = job.on_done;
    const Status status = api::guard([&] {
      scheduler.add(std::move(job));
      return Status();
    });
    if (!status.ok()) on_done(status);
  }

  void publish() {
    const std::lock_guard lock(mutex);
    stats = scheduler.stats();
  }

  static constexpr size_t kMaxInbox = 64;  // more than usual

  std::shared_ptr<engine::Engine> engine;
  engine::SchedulerOptions options;
  engine::Scheduler scheduler;  // the thread's own, like jobs
  std::vector<engine::Job> jobs;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::vector<engine::Job> inbox;
  EngineStats stats;
  bool stopping = false;
  bool is_started = false;
  pthread_t thread = {};
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

Result<Engine> Engine::create(const Model& model, const EngineOptions& options) {
  return api::guard([&]() -> Result<Engine> {
    if (options.n_ctx < 0 || options.n_kv_tokens < 0) {
      return invalid_argument("n_ctx and n_kv_tokens: found ", options.n_ctx, " and ",
                              options.n_kv_tokens, ", expected 0 or more");
    }
    if (options.max_running < 1 || options.max_running > 1024) {
      return invalid_argument("max_running: found ", options.max_running, ", expected 1 to 1024");
    }
    const auto& loaded = model.impl().model;
    const int n_ctx = options.n_ctx > 0 ? options.n_ctx : loaded->config.n_ctx_train;
    auto made = engine::Engine::create(
        loaded, {.n_kv_tokens = options.n_kv_tokens > 0 ? options.n_kv_tokens : int64_t{4} * n_ctx,
                 .keep_prefixes = true,
                 .n_threads = options.n_threads,
                 .n_chunk = std::max(options.n_chunk, options.max_running),
                 .k_type = options.k_type,
                 .v_type = options.v_type});
    if (!made.ok()) return made.status();
    auto impl = std::make_unique<Impl>(
        std::move(*made),
        engine::SchedulerOptions{.n_ctx = n_ctx, .max_running = options.max_running});
    CRIA_RETURN_IF_ERROR(impl->start());
    return Engine(std::move(impl));
  });
}

Result<PendingReply> Engine::submit(Request request) {
  return api::guard([&]() -> Result<PendingReply> {
    const model::Vocabulary& vocabulary = *impl_->engine->model().vocabulary;
    engine::Job job{.prompt = {},
                    .options = std::move(request.options),
                    .on_piece = std::move(request.on_piece),
                    .on_done = {},
                    .priority = request.priority};
    CRIA_RETURN_IF_ERROR(engine::check(job.options, vocabulary));
    if (job.options.overflow != Overflow::error) {
      return invalid_argument("overflow: found ", overflow_name(job.options.overflow),
                              ", expected error: an engine's conversations share what they hold");
    }
    if (request.messages.empty() == request.prompt.empty()) {
      return invalid_argument("request: expected either messages or a prompt");
    }
    if (request.messages.empty()) {
      auto ids = engine::encode_text(vocabulary, request.prompt, job.options.parse_special,
                                     impl_->options.n_ctx);
      if (!ids.ok()) return ids.status();
      job.prompt = *std::move(ids);
    } else {
      auto chat =
          api::encode_chat(vocabulary, request.messages, job.options, request.template_name);
      if (!chat.ok()) return chat.status();
      job.prompt = std::move(chat->ids);
      job.options.stop.insert(job.options.stop.end(), chat->stops.begin(), chat->stops.end());
    }
    if (job.prompt.empty()) {
      return invalid_argument("prompt: found no tokens, expected at least one to start from");
    }
    auto state = std::make_shared<PendingReply::State>();
    job.options.should_cancel = [state, asked = std::move(job.options.should_cancel)] {
      return state->is_cancelled || (asked && asked());
    };
    job.on_done = [state](Result<GenerateResult> result) { state->set(std::move(result)); };
    {
      const std::lock_guard lock(impl_->mutex);
      impl_->inbox.push_back(std::move(job));
    }
    impl_->changed.notify_one();
    return PendingReply(std::move(state));
  });
}

EngineStats Engine::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->stats;
}

}  // namespace cria
