// cria run: a prompt in, its continuation out.
#include "commands.h"
#include "generation.h"
#include "interrupt.h"
#include "output.h"
#include "text_input.h"

namespace cria::cli {
namespace {

int continue_prompt(const RunOptions& options, const std::string& prompt, Session& session) {
  Output out;
  ReplyPrinter printer(out, options.echo ? prompt : std::string());
  const Result<GenerateResult> result =
      session.generate(prompt, printer.options(options.generation.generate), printer.on_piece());
  if (!result.ok()) {
    printer.abandon();
    return fail(result.status());
  }
  printer.finish();
  report_speed(*result, options.generation.stats);
  return out.exit_code(interrupted() ? kExitInterrupted : kExitDone);
}

// Nothing is certain before the end, so the text comes at once.
int search(const RunOptions& options, const std::string& prompt, Session& session) {
  const GenerateOptions& generate = options.generation.generate;
  Output out;
  ReplyPrinter printer(out, options.echo ? prompt : std::string());
  if (generate.max_tokens == 0) {
    printer.finish();
    return out.exit_code(kExitDone);
  }
  const GenerateOptions callbacks = printer.options(generate);
  const auto beams = session.beam_search(
      prompt, {.n_beams = options.n_beams,
               .max_tokens = generate.max_tokens > 0 ? generate.max_tokens : session.n_ctx(),
               .length_penalty = options.length_penalty,
               .ignore_eos = generate.ignore_eos,
               .parse_special = generate.parse_special,
               .should_cancel = callbacks.should_cancel,
               .on_prefill = callbacks.on_prefill});
  if (!beams.ok()) {
    printer.abandon();
    return fail(beams.status());
  }
  printer.on_piece()(beams->front().text);
  printer.finish();
  return out.exit_code(kExitDone);
}

}  // namespace

int run_command(const RunOptions& options) {
  catch_interrupts();
  const Result<std::string> prompt = read_prompt_text(options.generation.prompt, "prompt");
  if (!prompt.ok()) return fail(prompt.status());
  const Result<Model> model = open_model(options.generation);
  if (!model.ok()) return fail(model.status());
  Result<Session> session = open_session(*model, options.generation);
  if (!session.ok()) return fail(session.status());
  if (options.n_beams > 0) return search(options, *prompt, *session);
  report_seed(options.generation.generate.sampling);
  return continue_prompt(options, *prompt, *session);
}

}  // namespace cria::cli
