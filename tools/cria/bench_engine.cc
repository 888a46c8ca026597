// cria bench engine.
#include <algorithm>

#include "bench/engine_report.h"
#include "bench/synthetic_file.h"
#include "generation.h"
#include "interrupt.h"
#include "measuring_commands.h"
#include "output.h"

namespace cria::cli {

int bench_engine_command(const BenchEngineFlags& given) {
  catch_interrupts();
  BenchEngineFlags flags = given;
  SyntheticFile file;
  if (!flags.synthetic.empty()) {
    const Status status = file.make(flags.synthetic, flags.type);
    if (!status.ok()) return fail(status);
    flags.model.path = file.path();
  }
  const auto model = open_model({.model = flags.model});
  if (!model.ok()) return fail(model.status());
  file.remove();
  const auto result = run_engine_bench(
      *model, flags.bench,
      [](const char* what) { write_error_text(std::string("measuring: ") + what + "\n"); },
      interrupted);
  if (!result.ok()) return interrupted() ? kExitInterrupted : fail(result.status());
  Output out;
  out.write(flags.format == BenchFormat::json
                ? engine_json(*result, flags.synthetic.empty() ? flags.model.path
                                                               : "synthetic " + flags.synthetic)
                : engine_table(*result));
  const bool same = std::all_of(result->parallel.begin(), result->parallel.end(),
                                [](const ParallelResult& one) { return one.same_text; });
  if (!same) complain("a conversation got another text than it gets alone");
  return out.exit_code(same ? kExitDone : kExitFailed);
}

}  // namespace cria::cli
