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

}  // namespace

int run_command(const RunOptions& options) {
  catch_interrupts();
  const Result<std::string> prompt = read_prompt_text(options.generation.prompt, "prompt");
  if (!prompt.ok()) return fail(prompt.status());
  const Result<Model> model = open_model(options.generation);
  if (!model.ok()) return fail(model.status());
  Result<Session> session = open_session(*model, options.generation);
  if (!session.ok()) return fail(session.status());
  report_seed(options.generation.generate.sampling);
  return continue_prompt(options, *prompt, *session);
}

}  // namespace cria::cli
