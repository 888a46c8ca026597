#include "generation.h"

#include <array>
#include <cstdio>
#include <utility>

#include "cria/plan.h"
#include "interrupt.h"
#include "opening.h"
#include "printable.h"

namespace cria::cli {
namespace {

std::string context_note(const MemoryPlan& plan) {
  const std::string budget = human_bytes(plan.budget_bytes);
  std::string note = "a context of " + std::to_string(plan.n_ctx) + " tokens takes up to " +
                     human_bytes(plan.total_bytes) + " of " + budget;
  if (plan.n_ctx >= plan.n_ctx_train) return note;
  return note + "; the model's own of " + std::to_string(plan.n_ctx_train) + " does not fit";
}

double per_second(int n_tokens, double seconds) { return seconds > 0 ? n_tokens / seconds : 0; }

}  // namespace

Result<Model> open_model(const GenerationFlags& flags) {
  ModelOptions options;
  options.memory_budget = flags.memory_budget;
  options.session = flags.session;
  Result<Model> model = open_model(flags.model, options);
  if (!model.ok()) return model;
  if (model->memory_plan() != nullptr && flags.session.n_ctx == 0) {
    complain(context_note(*model->memory_plan()));
  }
  if (flags.verbose) {
    for (const std::string& note : model->notes()) complain("note: " + note);
  }
  return model;
}

Result<Session> open_session(const Model& model, const GenerationFlags& flags) {
  if (flags.draft_model.empty()) return model.new_session(flags.session);
  ModelFlags of_draft = flags.model;
  of_draft.path = flags.draft_model;
  of_draft.packed.clear();  // that is the other one's
  const Result<Model> draft = open_model(of_draft);
  if (!draft.ok()) return draft.status();
  return model.new_session(flags.session, *draft);
}

void report_seed(const SamplingOptions& sampling) {
  if (sampling.temperature > 0) complain("seed " + std::to_string(sampling.seed));
}

namespace {

// One line, of whole numbers and decimals only.
std::string stats_json(const GenerateResult& result) {
  std::array<char, 512> line{};
  const int n_read = result.n_prompt - result.n_reused;
  std::snprintf(line.data(), line.size(),
                "{\"n_prompt\": %d, \"n_reused\": %d, \"n_generated\": %d, \"n_drafted\": %d, "
                "\"n_accepted\": %d, \"n_dropped\": %d, \"n_dropped_messages\": %d, "
                "\"finish\": \"%s\", \"ttft_ms\": %.3f, \"generate_ms\": %.3f, "
                "\"prompt_per_second\": %.3f, \"generated_per_second\": %.3f}\n",
                result.n_prompt, result.n_reused, result.n_generated, result.n_drafted,
                result.n_accepted, result.n_dropped, result.n_dropped_messages,
                finish_reason_name(result.finish), 1e3 * result.prompt_seconds,
                1e3 * result.generate_seconds, per_second(n_read, result.prompt_seconds),
                per_second(result.n_generated, result.generate_seconds));
  return line.data();
}

}  // namespace

void report_forgotten(const GenerateResult& result) {
  if (result.n_dropped_messages > 0) {
    complain("note: the oldest " + std::to_string(result.n_dropped_messages) +
             " messages did not fit and were left out");
  } else if (result.n_dropped > 0) {
    complain("note: " + std::to_string(result.n_dropped) +
             " tokens of the text were forgotten to make room");
  }
}

void report_speed(const GenerateResult& result, Stats stats) {
  report_forgotten(result);
  if (stats == Stats::json) return write_error_text(stats_json(result));
  if (stats == Stats::never || (stats == Stats::automatic && !stderr_is_terminal())) return;
  const int n_read = result.n_prompt - result.n_reused;
  std::array<char, 96> speeds{}, guesses{};
  std::snprintf(speeds.data(), speeds.size(), "[ prompt: %.1f t/s | generation: %.1f t/s",
                per_second(n_read, result.prompt_seconds),
                per_second(result.n_generated, result.generate_seconds));
  if (result.n_drafted > 0) {
    std::snprintf(guesses.data(), guesses.size(), " | drafted: %d, accepted: %d (%.0f %%)",
                  result.n_drafted, result.n_accepted,
                  100.0 * result.n_accepted / result.n_drafted);
  }
  const std::string reused =
      result.n_reused > 0 ? " | reused: " + std::to_string(result.n_reused) + " tokens" : "";
  write_error_text(dimmed(std::string(speeds.data()) + reused + guesses.data() + " ]") + "\n");
}

ReplyPrinter::ReplyPrinter(Output& out, std::string heading)
    : out_(out), heading_(std::move(heading)), bar_("reading") {}

GenerateOptions ReplyPrinter::options(const GenerateOptions& base) {
  GenerateOptions options = base;
  options.should_cancel = [] { return interrupted(); };
  options.on_prefill = [this](int n_done, int n_total) {
    if (n_total > 0) bar_.update(static_cast<double>(n_done) / n_total);
  };
  return options;
}

PieceCallback ReplyPrinter::on_piece() {
  return [this](std::string_view piece) {
    begin();
    return out_.write(piece) ? Continue::yes : Continue::no;
  };
}

void ReplyPrinter::begin() {
  if (begun_) return;
  begun_ = true;
  bar_.clear();
  out_.write(heading_);
}

void ReplyPrinter::finish() {
  begin();
  out_.write("\n");
}

void ReplyPrinter::abandon() {
  bar_.clear();
  if (begun_) out_.write("\n");
}

}  // namespace cria::cli
