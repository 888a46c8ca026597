// cria plan: what a model will take in memory, as a table for people or as JSON.
#include "cria/plan.h"

#include <nlohmann/json.hpp>

#include "bench/text.h"
#include "measuring_commands.h"
#include "output.h"
#include "printable.h"

namespace cria::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string row(const char* what, int64_t n_bytes, const std::string& note = "") {
  return format("%-12s %12s", what, human_bytes(n_bytes).c_str()) +
         (note.empty() ? "" : "   " + note) + "\n";
}

std::string counted(int n, const char* one, const char* many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::string context_text(const MemoryPlan& plan) {
  std::string text = "a context of " + counted(plan.n_ctx, "token", "tokens");
  if (plan.n_conversations > 1) {
    text = std::to_string(plan.n_conversations) + " conversations, each with " + text;
  }
  return text + (plan.n_ctx == plan.n_ctx_train
                     ? ", the model's own"
                     : " (the model's own: " + std::to_string(plan.n_ctx_train) + ")");
}

std::string weights_text(const PlannedWeights& weights) {
  std::string text = "  " + human_bytes(weights.held_bytes) + "  " +
                     (weights.count == 1 ? "" : std::to_string(weights.count) + " ") +
                     weights.what + ", " + weights.type;
  if (weights.file_bytes > 0) text += ", " + human_bytes(weights.file_bytes) + " in the file";
  return text + "; " + weights.layout + "\n";
}

std::string budget_text(const MemoryPlan& plan) {
  const std::string budget = human_bytes(plan.budget_bytes);
  std::string text = plan.fits() ? "fits " + budget : "does not fit " + budget;
  if (plan.largest_n_ctx == 0) return text + ": nor does any context\n";
  text += ": contexts of up to " + std::to_string(plan.largest_n_ctx) + " tokens do";
  if (plan.largest_n_conversations == 0) return text + "\n";
  return text + "; or " + counted(plan.largest_n_conversations, "conversation", "conversations") +
         " of " + std::to_string(plan.n_ctx) + "\n";
}

std::string text_of(const std::string& path, const MemoryPlan& plan) {
  std::string text = printable(path) + ": " + context_text(plan) + "\n\n";
  text += row("weights", plan.weights_bytes, "packed for " + plan.kernels);
  for (const PlannedWeights& weights : plan.weights) text += weights_text(weights);
  text += row("KV cache", plan.kv_bytes);
  text += row("workspace", plan.workspace_bytes, "values of one chunk, logits, sampling");
  text += row("text", plan.text_bytes, "prompts and replies");
  text += row("threads", plan.threads_bytes);
  text += row("vocabulary", plan.vocabulary_bytes, "tokenizer, norms, names");
  text += row("program", plan.program_bytes, "code and libraries");
  text += row("total", plan.total_bytes, "resident at the peak");
  if (plan.budget_bytes > 0) text += "\n" + budget_text(plan);
  return text;
}

Json json_of(const std::string& path, const MemoryPlan& plan) {
  Json weights = Json::array();
  for (const PlannedWeights& each : plan.weights) {
    weights.push_back({{"what", each.what},
                       {"type", each.type},
                       {"layout", each.layout},
                       {"count", each.count},
                       {"file_bytes", each.file_bytes},
                       {"held_bytes", each.held_bytes}});
  }
  Json json = {{"path", path},
               {"kernels", plan.kernels},
               {"n_ctx", plan.n_ctx},
               {"n_ctx_train", plan.n_ctx_train},
               {"n_conversations", plan.n_conversations},
               {"weights", std::move(weights)},
               {"weights_bytes", plan.weights_bytes},
               {"kv_bytes", plan.kv_bytes},
               {"workspace_bytes", plan.workspace_bytes},
               {"text_bytes", plan.text_bytes},
               {"threads_bytes", plan.threads_bytes},
               {"vocabulary_bytes", plan.vocabulary_bytes},
               {"program_bytes", plan.program_bytes},
               {"total_bytes", plan.total_bytes}};
  if (plan.budget_bytes == 0) return json;
  json["budget_bytes"] = plan.budget_bytes;
  json["fits"] = plan.fits();
  json["largest_n_ctx"] = plan.largest_n_ctx;
  json["largest_n_conversations"] = plan.largest_n_conversations;
  return json;
}

}  // namespace

int plan_command(const PlanFlags& flags) {
  ModelOptions options;
  options.tokenizer_path = flags.model.tokenizer;
  options.isa = flags.model.isa;
  options.memory_budget = flags.memory_budget;
  options.session = flags.session;
  options.n_conversations = flags.n_conversations;
  const Result<MemoryPlan> plan = plan_memory(flags.model.path, options);
  if (!plan.ok()) return fail(plan.status());
  Output out;
  if (flags.json) {
    out.write(json_of(flags.model.path, *plan).dump(2, ' ', false, Json::error_handler_t::replace) +
              "\n");
  } else {
    out.write(text_of(flags.model.path, *plan));
  }
  return out.exit_code(plan->fits() ? kExitDone : kExitFailed);
}

}  // namespace cria::cli
