#include "bench/model_bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>

#include "bench/resident.h"

namespace cria::cli {
namespace {

// A sample of a flat batch takes at least so many tokens, so that it does not measure the clock.
constexpr int kBatchTokens = 64;
// What the hash is of: a chunk, then single tokens, so that both ways through the kernels count.
constexpr int kHashChunk = 24, kHashSingle = 8;

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double deviation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double middle = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - middle) * (value - middle);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::vector<double> as_doubles(const std::vector<int64_t>& values) {
  return {values.begin(), values.end()};
}

int64_t now_ns() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

std::string utc_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

SessionOptions session_options(const ModelBenchOptions& options, int n_threads, int n_ctx) {
  return {.n_ctx = n_ctx,
          .n_threads = n_threads,
          .n_chunk = std::min({options.n_batch, options.n_ubatch, n_ctx}),
          .k_type = options.k_type,
          .v_type = options.v_type};
}

// Evaluates tokens and gives the time that this took, without what generation prepares; cancelled
// where stop() became true, which append would not ask.
Status read(Session& session, const std::vector<TokenId>& tokens, const std::function<bool()>& stop,
            int64_t* ns = nullptr) {
  if (tokens.empty()) return {};
  const auto done = session.generate_tokens(tokens, {.max_tokens = 0, .should_cancel = stop});
  if (done.ok() && ns != nullptr) *ns += static_cast<int64_t>(1e9 * done->prompt_seconds);
  return done.status();
}

// FNV-1a over the bits of the last logits.
Result<uint64_t> hash_logits(const Model& model, const ModelBenchOptions& options, int n_threads) {
  auto session = model.new_session(session_options(options, n_threads, kHashChunk + kHashSingle));
  if (!session.ok()) return session.status();
  std::vector<TokenId> tokens = fixed_tokens(kHashChunk + kHashSingle, model.info().n_vocab);
  Status status = session->append({tokens.begin(), tokens.begin() + kHashChunk});
  for (int i = 0; i < kHashSingle && status.ok(); ++i) {
    status = session->append({tokens[static_cast<size_t>(kHashChunk) + static_cast<size_t>(i)]});
  }
  if (!status.ok()) return status;
  uint64_t hash = 0xcbf29ce484222325u;
  for (const float logit : session->logits()) {
    uint32_t bits = 0;
    std::memcpy(&bits, &logit, sizeof bits);
    for (int byte = 0; byte < 4; ++byte) {
      hash = (hash ^ (bits >> (8 * byte) & 0xff)) * 0x100000001b3u;
    }
  }
  return hash;
}

// One test on a session of its own.
class Runner {
 public:
  Runner(const ModelTest& test, Session& session, int n_vocab, const std::function<bool()>& stop)
      : test_(test), session_(session), stop_(stop) {
    depth_ = fixed_tokens(test.n_depth, n_vocab);
    tokens_ = fixed_tokens(test.n_tokens(), n_vocab);
    n_passes_ = test.n_batch > 0 ? std::max(1, kBatchTokens / test.n_batch) : 1;
  }

  // Loads what the first run would have to: pages, caches, frequencies.
  Status warm_up() {
    Status status = rewind_to_depth();
    if (status.ok()) status = read(session_, part(0, test_.n_prompt + test_.n_batch), stop_);
    if (status.ok() && test_.n_gen > 0) status = session_.append(part(test_.n_prompt, 1));
    return status;
  }

  Status sample(int64_t& ns) {
    Status status = rewind_to_depth();
    if (!status.ok()) return status;
    ns = 0;
    if (test_.n_batch > 0) return batches(ns);
    status = read(session_, part(0, test_.n_prompt), stop_, &ns);
    return status.ok() ? generation(ns) : status;
  }

 private:
  std::vector<TokenId> part(int begin, int n) const {
    return {tokens_.begin() + begin, tokens_.begin() + begin + n};
  }

  Status rewind_to_depth() {
    int held = static_cast<int>(session_.tokens().size());
    if (held >= test_.n_depth) {
      if (session_.rewind(test_.n_depth).ok()) return {};
      const Status status = session_.rewind(0);  // a sliding window has left that behind
      if (!status.ok()) return status;
      held = 0;
    }
    return read(session_, {depth_.begin() + held, depth_.end()}, stop_);
  }

  Status generation(int64_t& ns) {
    const int64_t start = now_ns();
    Status status;
    for (int i = 0; i < test_.n_gen && status.ok(); ++i) {
      if (stop_()) return Status(StatusCode::cancelled, "cancelled");
      status =
          session_.append({tokens_[static_cast<size_t>(test_.n_prompt) + static_cast<size_t>(i)]});
    }
    ns += now_ns() - start;
    return status;
  }

  // The mean of a few passes.
  Status batches(int64_t& ns) {
    const int64_t start = now_ns();
    Status status;
    for (int i = 0; i < n_passes_ && status.ok(); ++i) {
      if (stop_()) return Status(StatusCode::cancelled, "cancelled");
      status = session_.rewind(test_.n_depth);
      if (status.ok()) status = session_.append(tokens_);
    }
    ns = (now_ns() - start) / n_passes_;
    return status;
  }

  const ModelTest& test_;
  Session& session_;
  const std::function<bool()>& stop_;
  std::vector<TokenId> depth_, tokens_;
  int n_passes_ = 1;
};

// Seconds that the matrix products of n_tokens take at the peak, with the logits of n_logits.
double seconds_at_peak(const ModelContext& context, int64_t n_tokens, int64_t n_logits) {
  double seconds = 0;
  for (const MatrixReport& matrix : context.explanation.matrices) {
    const int64_t n = matrix.what == "output" ? n_logits : n_tokens;
    const double gops = matrix.in_int8 ? context.limits.block_gops : context.limits.f32_gops;
    seconds += 2e-9 * static_cast<double>(matrix.n * matrix.k * matrix.count * n) / gops;
  }
  return seconds;
}

// Bytes that a test reads at least: all weights for each pass, and the rows of the cache.
double bytes_read(const ModelTest& test, const ModelExplanation& explanation) {
  const double weights = static_cast<double>(explanation.weight_bytes);
  const double kv = static_cast<double>(explanation.kv_bytes);
  if (test.n_batch > 0) return weights + kv * test.n_depth;
  return test.n_gen * (weights + kv * (test.n_depth + (test.n_gen - 1) / 2.0));
}

void add_shares(ModelResult& result) {
  const ModelTest& test = result.test;
  const double seconds = 1e-9 * result.mean_ns();
  const int n_logits = test.n_gen + (test.n_prompt > 0 || test.n_batch > 0 ? 1 : 0);
  result.peak_share = seconds_at_peak(result.context, test.n_tokens(), n_logits) / seconds;
  if (test.n_prompt > 0) return;
  result.bandwidth_share = 1e-9 * bytes_read(test, result.context.explanation) / seconds /
                           result.context.limits.read_gbs;
}

// Cancelled counts as done: what was measured until then is the result.
Result<ModelResult> run_test(const Model& model, const ModelBenchOptions& options,
                             const ModelTest& test, const ModelContext& context,
                             const std::function<bool()>& stop) {
  ModelResult result{.test = test, .context = context, .time = utc_time()};
  ModelBenchOptions of_test = options;
  if (test.n_batch > 0) of_test.n_batch = of_test.n_ubatch = std::max(512, test.n_batch);
  auto session = model.new_session(
      session_options(of_test, context.limits.n_threads, test.n_depth + test.n_tokens()));
  if (!session.ok()) return session.status();
  Runner runner(test, *session, model.info().n_vocab, stop);
  Status status = runner.warm_up();
  for (int i = 0; i < options.repeats && status.ok(); ++i) {
    int64_t ns = 0;
    status = runner.sample(ns);
    if (status.ok()) result.samples_ns.push_back(std::max<int64_t>(1, ns));
  }
  if (!status.ok() && status.code() != StatusCode::cancelled) return status;
  result.rss_bytes = resident_bytes();
  if (!result.samples_ns.empty()) add_shares(result);
  return result;
}

}  // namespace

std::string ModelTest::name() const {
  std::string text;
  if (n_prompt > 0) text = "pp" + std::to_string(n_prompt);
  if (n_gen > 0) text += (text.empty() ? "tg" : "+tg") + std::to_string(n_gen);
  if (n_batch > 0) text = "batch" + std::to_string(n_batch);
  return n_depth > 0 ? text + " @ d" + std::to_string(n_depth) : text;
}

double ModelResult::mean_ns() const { return mean(as_doubles(samples_ns)); }
double ModelResult::deviation_ns() const { return deviation(as_doubles(samples_ns)); }
double ModelResult::mean_ts() const { return mean(tokens_per_second()); }
double ModelResult::deviation_ts() const { return deviation(tokens_per_second()); }

std::vector<double> ModelResult::tokens_per_second() const {
  std::vector<double> speeds;
  for (const int64_t ns : samples_ns) {
    speeds.push_back(1e9 * test.n_tokens() / static_cast<double>(ns));
  }
  return speeds;
}

std::vector<ModelTest> tests_of(const ModelBenchOptions& options) {
  std::vector<ModelTest> tests;
  for (const int depth : options.depths) {
    for (const int n : options.prompts) tests.push_back({.n_prompt = n, .n_depth = depth});
    for (const int n : options.generations) tests.push_back({.n_gen = n, .n_depth = depth});
    for (const auto& [prompt, gen] : options.prompts_and_generations) {
      tests.push_back({.n_prompt = prompt, .n_gen = gen, .n_depth = depth});
    }
    for (const int n : options.batches) tests.push_back({.n_batch = n, .n_depth = depth});
  }
  std::erase_if(tests, [](const ModelTest& test) { return test.n_tokens() == 0; });
  return tests;
}

Status run_model_bench(const Model& model, const ModelBenchOptions& options, const std::string& isa,
                       const std::function<void(const ModelResult&)>& on_result,
                       const std::function<bool()>& stop) {
  for (const int n_threads : options.threads) {
    if (stop()) return {};
    ModelContext context;
    const auto limits = measure_limits(n_threads, isa);
    if (!limits.ok()) return limits.status();
    context.limits = *limits;
    auto explanation = explain_model(
        model,
        {.n_threads = limits->n_threads, .k_type = options.k_type, .v_type = options.v_type});
    if (!explanation.ok()) return explanation.status();
    context.explanation = std::move(*explanation);
    const auto hash = hash_logits(model, options, limits->n_threads);
    if (!hash.ok()) return hash.status();
    context.logit_hash = *hash;
    for (const ModelTest& test : tests_of(options)) {
      if (stop()) return {};
      const auto result = run_test(model, options, test, context, stop);
      if (!result.ok()) return result.status();
      if (!result->samples_ns.empty()) on_result(*result);
    }
  }
  return {};
}

// A linear congruential generator (Knuth, MMIX), of which the upper bits are used.
std::vector<TokenId> fixed_tokens(int n, int n_vocab) {
  std::vector<TokenId> tokens;
  uint64_t state = 20;
  for (int i = 0; i < n; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    tokens.push_back(static_cast<TokenId>((state >> 33) % static_cast<uint64_t>(n_vocab)));
  }
  return tokens;
}

}  // namespace cria::cli
