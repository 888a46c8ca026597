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

void report_seed(const SamplingOptions& sampling) {
  if (sampling.temperature > 0) complain("seed " + std::to_string(sampling.seed));
}

void report_speed(const GenerateResult& result, Stats stats) {
  if (stats == Stats::never || (stats == Stats::automatic && !stderr_is_terminal())) return;
  const int n_read = result.n_prompt - result.n_reused;
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "[ prompt: %.1f t/s | generation: %.1f t/s ]",
                per_second(n_read, result.prompt_seconds),
                per_second(result.n_generated, result.generate_seconds));
  write_error_text(dimmed(text.data()) + "\n");
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
