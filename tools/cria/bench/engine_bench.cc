#include "bench/engine_bench.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>

#include "bench/resident.h"
#include "bench/statistics.h"

namespace cria::cli {
namespace {

constexpr int kKvConversations = 8;

std::string words(int n, int seed) {
  std::string text;
  for (int i = 0; i < n; ++i) text += " w" + std::to_string((i * 7 + seed * 13) % 97);
  return text;
}

// When the tokens of a reply were chosen: that is when its request is asked whether to stop.
class TokenClock {
 public:
  void tick() {
    const std::lock_guard lock(mutex_);
    times_.push_back(now_seconds());
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    times_.clear();
  }
  std::vector<double> times() const {
    const std::lock_guard lock(mutex_);
    return times_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<double> times_;
};

class EngineRunner {
 public:
  EngineRunner(const Model& model, const EngineBenchOptions& options,
               const std::function<bool()>& stop)
      : model_(model), options_(options), stop_(stop) {
    // Roughly: how many words make n_prompt tokens differs by vocabulary.
    constexpr int kSample = 200;
    const auto sample = model.tokenizer().encode(words(kSample, 1));
    const double per_word =
        sample.ok() ? std::max<double>(1, static_cast<double>(sample->size()) / kSample) : 3;
    n_words_ = std::max(8, static_cast<int>(options.n_prompt / per_word));
  }

  Result<EngineBenchResult> run(const std::function<void(const char*)>& on_step) {
    EngineBenchResult result;
    on_step("conversations at once");
    Status status = run_parallel(result.parallel);
    if (status.ok()) on_step("a long prompt beside a reply");
    if (status.ok()) status = run_delay(result.delay);
    if (status.ok()) on_step("second questions");
    if (status.ok()) status = run_prefix(result.prefix);
    if (status.ok()) on_step("memory");
    if (status.ok()) status = run_kv(result.kv);
    if (!status.ok()) return status;
    return result;
  }

 private:
  Result<Engine> engine(int n_conversations, int n_tokens) const {
    const int n_ctx = n_tokens + 64;
    return Engine::create(model_, {.n_ctx = n_ctx,
                                   .n_kv_tokens = int64_t{n_conversations} * (n_ctx + 32),
                                   .max_running = std::max(16, n_conversations),
                                   .n_threads = options_.n_threads,
                                   .k_type = options_.k_type,
                                   .v_type = options_.v_type});
  }
  SessionOptions session_options(int n_tokens) const {
    return {.n_ctx = n_tokens + 64,
            .n_threads = options_.n_threads,
            .k_type = options_.k_type,
            .v_type = options_.v_type};
  }
  GenerateOptions generate(int n_tokens) const {
    GenerateOptions options;
    options.max_tokens = n_tokens;
    options.ignore_eos = true;
    options.sampling.temperature = 0;
    options.should_cancel = stop_;
    return options;
  }
  static Status cancelled() { return Status(StatusCode::cancelled, "cancelled"); }

  // Tokens a second of all of them together, each from its first token on.
  Result<double> parallel_once(int n, std::vector<std::string>& texts) const {
    auto made = engine(n, options_.n_gen + 32);
    if (!made.ok()) return made.status();
    std::vector<PendingReply> replies;
    for (int i = 0; i < n; ++i) {
      auto reply = made->submit({.prompt = words(2, i), .options = generate(options_.n_gen)});
      if (!reply.ok()) return reply.status();
      replies.push_back(*reply);
    }
    texts.clear();
    double per_second = 0;
    for (const PendingReply& reply : replies) {
      if (!reply.get().ok()) return reply.get().status();
      const GenerateResult& result = *reply.get();
      texts.push_back(result.text);
      per_second += (result.n_generated - 1) / std::max(result.generate_seconds, 1e-9);
    }
    if (stop_()) return cancelled();
    return per_second;
  }

  Status run_parallel(std::vector<ParallelResult>& results) const {
    std::vector<std::vector<double>> samples(options_.parallel.size());
    std::vector<std::string> alone;
    for (int i = 0; i < *std::max_element(options_.parallel.begin(), options_.parallel.end());
         ++i) {
      auto session = model_.new_session(session_options(options_.n_gen + 32));
      if (!session.ok()) return session.status();
      const auto reply = session->generate(words(2, i), generate(options_.n_gen));
      if (!reply.ok()) return reply.status();
      alone.push_back(reply->text);
    }
    for (const int n : options_.parallel) results.push_back({.n_conversations = n});
    for (int repeat = 0; repeat < options_.repeats; ++repeat) {
      for (size_t i = 0; i < results.size(); ++i) {
        std::vector<std::string> texts;
        const auto speed = parallel_once(results[i].n_conversations, texts);
        if (!speed.ok()) return speed.status();
        samples[i].push_back(*speed);
        results[i].same_text =
            results[i].same_text && std::equal(texts.begin(), texts.end(), alone.begin());
      }
    }
    for (size_t i = 0; i < results.size(); ++i) {
      const Spread spread = spread_of(samples[i]);
      results[i].tokens_per_second = spread.median;
      results[i].spread = spread.relative;
    }
    return {};
  }

  Status delay_once(std::vector<double>& steps, std::vector<double>& worst, int& n_prompt) const {
    constexpr size_t kBefore = 20;
    TokenClock clock;  // outlives the engine, whose thread asks for it
    std::atomic<bool> begun = false;
    auto made = engine(2, options_.n_prompt + options_.n_prompt / 2);
    if (!made.ok()) return made.status();
    // It goes on for as long as the long prompt takes.
    GenerateOptions writing = generate(options_.n_prompt + options_.n_prompt / 4);
    writing.should_cancel = [&clock, this] {
      clock.tick();
      return stop_();
    };
    // While its own prompt is evaluated it is asked too, layer by layer.
    auto reply = made->submit(
        {.prompt = words(8, 1), .options = writing, .on_piece = [&clock, &begun](std::string_view) {
           if (!begun) clock.clear();
           begun = true;
           return Continue::yes;
         }});
    if (!reply.ok()) return reply.status();
    while (!(begun && clock.times().size() > kBefore) && !reply->done()) ::usleep(200);
    const double arrives = now_seconds();
    auto other = made->submit({.prompt = words(n_words_, 3), .options = generate(1)});
    if (!other.ok()) return other.status();
    if (!other->get().ok()) return other->get().status();
    n_prompt = other->get()->n_prompt;
    reply->cancel();
    if (!reply->get().ok()) return reply->get().status();
    if (stop_()) return cancelled();
    const std::vector<double> times = clock.times();
    double longest = 0;
    for (size_t i = 1; i < times.size(); ++i) {
      const double gap = times[i] - times[i - 1];
      if (times[i] < arrives) {
        steps.push_back(gap);
      } else {
        longest = std::max(longest, gap);
      }
    }
    if (longest > 0) worst.push_back(longest);  // else the reply had ended before
    return {};
  }

  Status run_delay(DelayResult& result) const {
    std::vector<double> steps, worst;
    for (int i = 0; i < options_.repeats; ++i) {
      const Status status = delay_once(steps, worst, result.n_prompt);
      if (!status.ok()) return status;
    }
    if (steps.empty() || worst.empty()) {
      return Status(StatusCode::internal,
                    "a reply ended before the long prompt came; take a longer one (-p)");
    }
    result.step_ms = 1e3 * spread_of(steps).median;
    result.worst_gap_ms = 1e3 * spread_of(worst).median;
    result.worst_gap_steps = result.worst_gap_ms / result.step_ms;
    return {};
  }

  // Cold and again on one engine; restored in a session of its own.
  Status run_prefix(PrefixResult& result) const {
    auto made = engine(2, options_.n_prompt + options_.n_prompt / 2);
    if (!made.ok()) return made.status();
    const std::string first = words(n_words_, 5), second = first + " and then what?";
    double milliseconds[2] = {};
    for (const std::string* prompt : {&first, &second}) {
      auto reply = made->submit({.prompt = *prompt, .options = generate(1)});
      if (!reply.ok()) return reply.status();
      if (!reply->get().ok()) return reply->get().status();
      milliseconds[prompt == &second ? 1 : 0] = 1e3 * reply->get()->prompt_seconds;
      if (prompt == &first) result.n_prompt = reply->get()->n_prompt;
    }
    result.cold_ms = milliseconds[0];
    result.again_ms = milliseconds[1];
    return run_restored(first, result);
  }

  Status run_restored(const std::string& first, PrefixResult& result) const {
    const SessionOptions options = session_options(options_.n_prompt + options_.n_prompt / 2);
    auto session = model_.new_session(options), restored = model_.new_session(options);
    if (!session.ok()) return session.status();
    if (!restored.ok()) return restored.status();
    const auto reply = session->generate(first, generate(1));
    if (!reply.ok()) return reply.status();
    std::error_code error;
    std::string path = std::filesystem::temp_directory_path(error).string() + "/cria-bench-XXXXXX";
    const int file = error ? -1 : ::mkstemp(path.data());
    if (file < 0) return Status(StatusCode::io_error, "cannot make " + path + "; set TMPDIR");
    ::close(file);
    Status status = session->save(path);
    const double start = now_seconds();
    if (status.ok()) status = restored->restore(path);
    result.restore_ms = 1e3 * (now_seconds() - start);
    ::unlink(path.c_str());
    if (!status.ok()) return status;
    const auto again = restored->generate(" and then what?", generate(1));
    if (!again.ok()) return again.status();
    result.restored_ms = 1e3 * again->prompt_seconds;
    return {};
  }

  // What one conversation touches besides its pages is touched before.
  Status run_kv(KvResult& result) const {
    const int n_each = options_.n_prompt / 4;
    auto made = engine(kKvConversations + 2, std::max(600, n_each + n_each / 2));
    if (!made.ok()) return made.status();
    const auto evaluate = [&](int n_words, int seed) -> Result<int64_t> {
      auto reply = made->submit({.prompt = words(n_words, seed), .options = generate(2)});
      if (!reply.ok()) return reply.status();
      if (!reply->get().ok()) return reply->get().status();
      // The last token of a reply is chosen, but not evaluated.
      return int64_t{reply->get()->n_prompt} + reply->get()->n_generated - 1;
    };
    const auto first = evaluate(n_words_ / 4, 50);
    if (!first.ok()) return first.status();
    const EngineStats before = made->stats();
    const int64_t rss = resident_bytes();
    for (int i = 0; i < kKvConversations; ++i) {
      const auto n = evaluate(n_words_ / 4, 100 + i);
      if (!n.ok()) return n.status();
      result.n_tokens += *n;
    }
    result.rss_growth_bytes = resident_bytes() - rss;
    const EngineStats after = made->stats();
    result.n_page_tokens = 32 * (before.n_free_pages - after.n_free_pages);
    result.token_bytes = after.page_bytes / 32;
    return {};
  }

  const Model& model_;
  const EngineBenchOptions& options_;
  const std::function<bool()>& stop_;
  int n_words_ = 0;
};

}  // namespace

Result<EngineBenchResult> run_engine_bench(const Model& model, const EngineBenchOptions& options,
                                           const std::function<void(const char*)>& on_step,
                                           const std::function<bool()>& stop) {
  auto session = model.new_session({.n_ctx = 32, .n_threads = options.n_threads});
  if (!session.ok()) return session.status();
  auto result = EngineRunner(model, options, stop).run(on_step);
  if (result.ok()) result->n_threads = session->n_threads();
  return result;
}

}  // namespace cria::cli
