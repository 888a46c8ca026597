#include "api/planner.h"

#include <algorithm>

#include "base/memory_use.h"
#include "base/str_cat.h"
#include "engine/engine.h"
#include "engine/memory_plan.h"

namespace cria::api {
namespace {

// Contexts are proposed in steps of so many tokens, a page of keys and values.
constexpr int64_t kContextStep = 32;
constexpr int64_t kMaxContext = INT32_MAX / kContextStep * kContextStep;
constexpr int kMaxConversations = 1 << 16;

// Code that runs for the first time after the plan was made: kernels, sampling, printing.
constexpr uint64_t kLaterCodeBytes = 1 << 20;

// Keeps sums of groups within an int64.
constexpr uint64_t kMostBytes = uint64_t{1} << 60;
int64_t bounded(uint64_t bytes) { return static_cast<int64_t>(std::min(bytes, kMostBytes)); }

int64_t times(uint64_t bytes, int64_t n) {
  const auto factor = static_cast<uint64_t>(n);
  return bytes > kMostBytes / factor ? bounded(kMostBytes) : bounded(bytes * factor);
}

void add_embedding(const model::Model& model, MemoryPlan& plan) {
  const TensorView& table = model.weights.embedding;
  const bool packed = gemm::packed_kernel(model.kernels, table.dtype) != nullptr;
  if (model.weights.tied_output && !packed) return;  // counted as a matrix
  plan.weights.push_back({.what = "embedding",
                          .type = dtype_info(table.dtype).name,
                          .layout = engine::embedding_bytes(model) == 0
                                        ? "rows are read from the file as they are needed"
                                        : "as in the file",
                          .count = 1,
                          .file_bytes = model.weights.tied_output ? 0 : bounded(table.size_bytes),
                          .held_bytes = bounded(engine::embedding_bytes(model))});
}

void add_weights(const model::Model& model, MemoryPlan& plan) {
  for (const engine::WeightGroup& group : engine::weight_groups(model)) {
    plan.weights.push_back({.what = "matrices",
                            .type = dtype_info(group.dtype).name,
                            .layout = group.kernel != nullptr
                                          ? str_cat(group.kernel->isa, ": ", group.kernel->layout)
                                          : std::string("as in the file"),
                            .count = group.count,
                            .file_bytes = bounded(group.file_bytes),
                            .held_bytes = bounded(group.held_bytes)});
  }
  add_embedding(model, plan);
  for (const PlannedWeights& weights : plan.weights) plan.weights_bytes += weights.held_bytes;
}

// Plans for different contexts of one model.
class Planner {
 public:
  Planner(const model::Model& model, const Footing& footing, const ModelOptions& options)
      : model_(model), options_(options) {
    base_.n_ctx_train = model.config.n_ctx_train;
    base_.n_conversations = options.n_conversations;
    base_.kernels = model.kernels.name;
    base_.vocabulary_bytes = bounded(model.heap_bytes);
    base_.program_bytes = bounded(footing.program_bytes);
    base_.budget_bytes = options.memory_budget;
    add_weights(model, base_);
  }

  MemoryPlan with(int64_t n_ctx, int64_t n_conversations) const {
    MemoryPlan plan = base_;
    const engine::SequenceMemory each = engine::sequence_memory(model_, options_.session, n_ctx);
    plan.n_ctx = static_cast<int>(n_ctx);
    plan.n_conversations = static_cast<int>(n_conversations);
    plan.kv_bytes = times(each.kv, n_conversations);
    plan.workspace_bytes = times(each.workspace, n_conversations);
    plan.text_bytes = times(each.text, n_conversations);
    plan.threads_bytes = times(each.threads, n_conversations);
    plan.total_bytes = plan.weights_bytes + plan.vocabulary_bytes + plan.kv_bytes +
                       plan.workspace_bytes + plan.text_bytes + plan.threads_bytes +
                       plan.program_bytes;
    return plan;
  }

  int64_t largest_n_ctx() const {
    return kContextStep * largest(kMaxContext / kContextStep, [&](int64_t n_steps) {
             return with(n_steps * kContextStep, options_.n_conversations).fits();
           });
  }

  int64_t largest_n_conversations(int64_t n_ctx) const {
    return largest(kMaxConversations, [&](int64_t n) { return with(n_ctx, n).fits(); });
  }

 private:
  // The largest n from 1 to most for which fits(n) is true, 0 where there is none; what fits n + 1
  // fits n.
  template <typename Fits>
  static int64_t largest(int64_t most, const Fits& fits) {
    int64_t low = 0, high = most;
    while (low < high) {
      const int64_t middle = low + (high - low + 1) / 2;
      if (fits(middle)) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  const model::Model& model_;
  const ModelOptions& options_;
  MemoryPlan base_;
};

Status check_range(const char* field, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return invalid_argument(field, ": found ", value, ", expected ", low, " to ", high);
}

// "812.4 MiB", "1.53 GiB": rounded up, because it is what has to be there.
std::string size_text(int64_t n_bytes) {
  constexpr int64_t kMiB = 1 << 20;
  const bool small = n_bytes < 1024 * kMiB;
  const int64_t unit = small ? kMiB : 1024 * kMiB, parts = small ? 10 : 100;
  const int64_t n = n_bytes / unit * parts + (n_bytes % unit * parts + unit - 1) / unit;
  std::string rest = str_cat(n % parts);
  if (!small && rest.size() < 2) rest.insert(0, "0");
  return str_cat(n / parts, ".", rest, small ? " MiB" : " GiB");
}

}  // namespace

Footing measure_footing(const model::Model& model) {
  const uint64_t resident = resident_bytes();
  const uint64_t without = resident > model.heap_bytes ? resident - model.heap_bytes : 0;
  return {.program_bytes = without + kLaterCodeBytes};
}

Status check_plan_options(const ModelOptions& options) {
  const SessionOptions& session = options.session;
  CRIA_RETURN_IF_ERROR(check_range("memory_budget", options.memory_budget, 0, INT64_MAX));
  CRIA_RETURN_IF_ERROR(
      check_range("n_conversations", options.n_conversations, 1, kMaxConversations));
  CRIA_RETURN_IF_ERROR(check_range("session.n_ctx", session.n_ctx, 0, INT32_MAX));
  CRIA_RETURN_IF_ERROR(check_range("session.n_chunk", session.n_chunk, 1, 1 << 16));
  for (const int n_threads : {session.n_threads, session.n_threads_prefill}) {
    CRIA_RETURN_IF_ERROR(check_range("session.n_threads", n_threads, 0, ThreadPool::kMaxThreads));
  }
  return {};
}

MemoryPlan make_plan(const model::Model& model, const Footing& footing,
                     const ModelOptions& options) {
  const Planner planner(model, footing, options);
  const int64_t own = model.config.n_ctx_train;
  int64_t n_ctx = options.session.n_ctx > 0 ? options.session.n_ctx : own;
  MemoryPlan plan = planner.with(n_ctx, options.n_conversations);
  if (options.memory_budget == 0) return plan;
  const int64_t largest = planner.largest_n_ctx();
  if (!plan.fits() && options.session.n_ctx == 0) {
    n_ctx = std::min(own, std::max(largest, kContextStep));
    plan = planner.with(n_ctx, options.n_conversations);
  }
  plan.largest_n_ctx = static_cast<int>(largest);
  plan.largest_n_conversations = static_cast<int>(planner.largest_n_conversations(n_ctx));
  return plan;
}

Status check_fits(const MemoryPlan& plan, const model::Model& model, const ModelOptions& options) {
  if (plan.fits()) return {};
  const bool alone = plan.n_conversations == 1;
  std::string advice = "take ";
  if (plan.largest_n_ctx == 0) {
    advice = str_cat("no context fits beside weights of ", size_text(plan.weights_bytes),
                     " and a program of ", size_text(plan.program_bytes + plan.vocabulary_bytes),
                     "; take ");
  } else {
    advice += str_cat("a context of at most ", plan.largest_n_ctx, " tokens (-c ",
                      plan.largest_n_ctx, "), ");
    if (plan.largest_n_conversations > 0 && !alone) {
      advice += str_cat(plan.largest_n_conversations, " conversations, ");
    }
    const SessionOptions& session = options.session;
    const auto either = [&](KvType type) {
      return session.k_type == type || session.v_type == type;
    };
    if (either(KvType::f32)) {
      advice += "keys and values in f16 (-ctk, -ctv), ";
    } else if (either(KvType::f16) &&
               engine::kv_shape(model.config, KvType::q8_0, KvType::q8_0).ok()) {
      advice += "keys and values in q8_0 (-ctk, -ctv), ";
    }
    advice += "or ";
  }
  return out_of_memory(
      model.path, ": needs ", size_text(plan.total_bytes), " for ",
      alone ? std::string() : str_cat(plan.n_conversations, " conversations, each with "),
      "a context of ", plan.n_ctx, " tokens, and the budget is ", size_text(plan.budget_bytes),
      "; ", advice, "a model file in a smaller type");
}

Result<SessionOptions> BudgetedModel::admit(const model::Model& model,
                                            const SessionOptions& session) const {
  SessionOptions admitted = session;
  if (admitted.n_ctx == 0) admitted.n_ctx = plan.n_ctx;
  ModelOptions asked = options;
  asked.session = admitted;
  CRIA_RETURN_IF_ERROR(check_plan_options(asked));
  CRIA_RETURN_IF_ERROR(check_fits(make_plan(model, footing, asked), model, asked));
  return admitted;
}

}  // namespace cria::api
