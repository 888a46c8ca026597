// cria bench MODEL.
#include <algorithm>

#include "bench/model_report.h"
#include "bench/resident.h"
#include "bench/synthetic_file.h"
#include "bench/text.h"
#include "generation.h"
#include "interrupt.h"
#include "measuring_commands.h"
#include "opening.h"
#include "output.h"
#include "terminal.h"

namespace cria::cli {
namespace {

constexpr int kFirstTokenPrompt = 20;

// What the child of first_token_ms does: the likeliest token after a fixed prompt.
int print_first_token(const BenchModelFlags& flags) {
  const auto model = open_model(flags.model);
  if (!model.ok()) return fail(model.status());
  auto session =
      model->new_session({.n_ctx = 2 * kFirstTokenPrompt, .n_threads = flags.bench.threads[0]});
  if (!session.ok()) return fail(session.status());
  const Status status = session->append(fixed_tokens(kFirstTokenPrompt, model->info().n_vocab));
  if (!status.ok()) return fail(status);
  const auto logits = session->logits();
  const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
  Output out;
  out.write(std::to_string(best) + "\n");
  return out.exit_code(kExitDone);
}

std::optional<double> first_token_ms(const BenchModelFlags& flags) {
  std::vector<std::string> words = {"bench", "--first-token", "--model=" + flags.model.path,
                                    "--threads=" + std::to_string(flags.bench.threads[0])};
  if (!flags.model.tokenizer.empty()) words.push_back("--tokenizer=" + flags.model.tokenizer);
  if (!flags.model.isa.empty()) words.push_back("--isa=" + flags.model.isa);
  if (!flags.model.packed.empty()) words.push_back("--packed=" + flags.model.packed);
  if (flags.model.pack_cache) words.emplace_back("--pack-cache");
  return milliseconds_to_output(words);
}

// Prints results as they come, or at the end where the format wants all of them.
class Printer {
 public:
  Printer(Output& out, const ModelBenchFacts& facts, BenchFormat format)
      : out_(out), facts_(facts), format_(format) {}

  void begin() {
    if (format_ == BenchFormat::table) out_.write(model_table_head());
    if (format_ == BenchFormat::csv) out_.write(model_csv_head());
  }
  void add(const ModelResult& result) {
    const std::string warning = warned_ ? "" : limits_warning(result.context.limits);
    if (!warning.empty()) complain(warning);
    warned_ = warned_ || !warning.empty();
    if (format_ == BenchFormat::table) out_.write(model_table_row(facts_, result));
    if (format_ == BenchFormat::csv) out_.write(model_csv_row(facts_, result));
    if (format_ == BenchFormat::jsonl) out_.write(model_json_line(facts_, result));
    results_.push_back(result);
  }
  void end() {
    if (format_ == BenchFormat::json) out_.write(model_json(facts_, results_));
    if (format_ == BenchFormat::table && !results_.empty()) {
      out_.write(model_table_foot(facts_, results_.back()));
    }
  }

 private:
  Output& out_;
  const ModelBenchFacts& facts_;
  BenchFormat format_;
  bool warned_ = false;
  std::vector<ModelResult> results_;
};

int measure(const BenchModelFlags& flags, const Model& model, const ModelBenchFacts& facts) {
  Output out;
  Printer printer(out, facts, flags.format);
  printer.begin();
  const Status status = run_model_bench(
      model, flags.bench, flags.model.isa, [&](const ModelResult& r) { printer.add(r); },
      interrupted);
  printer.end();
  if (!status.ok()) return fail(status);
  return out.exit_code(interrupted() ? kExitInterrupted : kExitDone);
}

}  // namespace

int bench_model_command(const BenchModelFlags& given) {
  if (given.first_token) return print_first_token(given);
  catch_interrupts();
  BenchModelFlags flags = given;
  SyntheticFile file;
  if (!flags.synthetic.empty()) {
    const Status status = file.make(flags.synthetic, flags.type);
    if (!status.ok()) return fail(status);
    flags.model.path = file.path();
  }
  // Opened first, so that what is wrong with the file is said once, here.
  auto model = open_model({.model = flags.model});
  if (!model.ok()) return fail(model.status());
  ModelBenchFacts facts{
      .model = model->info(),
      .filename = flags.synthetic.empty() ? flags.model.path : "synthetic " + flags.synthetic,
      .options = flags.bench};
  facts.first_token_ms = first_token_ms(flags);
  file.remove();
  return measure(flags, *model, facts);
}

}  // namespace cria::cli
