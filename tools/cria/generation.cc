#include "generation.h"

#include <array>
#include <cstdio>
#include <utility>

#include "interrupt.h"
#include "opening.h"

namespace cria::cli {
namespace {

double per_second(int n_tokens, double seconds) { return seconds > 0 ? n_tokens / seconds : 0; }

}  // namespace

Result<Model> open_model(const GenerationFlags& flags) {
  Result<Model> model = open_model(flags.model);
  if (model.ok() && flags.verbose) {
    for (const std::string& note : model->notes()) complain("note: " + note);
  }
  return model;
}

Result<Session> open_session(const Model& model, const GenerationFlags& flags) {
  if (flags.draft_model.empty()) return model.new_session(flags.session);
  ModelFlags of_draft = flags.model;
  of_draft.path = flags.draft_model;
  const Result<Model> draft = open_model(of_draft);
  if (!draft.ok()) return draft.status();
  return model.new_session(flags.session, *draft);
}

void report_seed(const SamplingOptions& sampling) {
  if (sampling.temperature > 0) complain("seed " + std::to_string(sampling.seed));
}

void report_speed(const GenerateResult& result, Stats stats) {
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
  write_error_text(dimmed(std::string(speeds.data()) + guesses.data() + " ]") + "\n");
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
