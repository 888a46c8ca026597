// cria bench gemm and cria explain gemm.
#include "atomic_file.h"
#include "bench/gemm_report.h"
#include "bench/text.h"
#include "interrupt.h"
#include "measuring_commands.h"
#include "output.h"

namespace cria::cli {

int bench_gemm_command(const BenchGemmFlags& flags) {
  catch_interrupts();
  const auto libraries = gemm_libraries(flags.bench);
  for (const auto& library : libraries) {
    write_error_text(library->name() + ": " + library->note() + "\n");
  }
  write_error_text("CPU: " + cpu_description() + "\n");
  Output out;
  if (flags.format == BenchFormat::table) out.write(table_head());
  if (flags.format == BenchFormat::csv) out.write(csv_head());
  bool warned = false, wrong = false;
  const auto on_result = [&](const GemmResult& result) {
    const std::string warning = warned ? "" : limits_warning(result.limits);
    if (!warning.empty()) complain(warning);
    warned = warned || !warning.empty();
    wrong = wrong || !result.checked;
    if (flags.format == BenchFormat::table) out.write(table_row(result));
    if (flags.format == BenchFormat::csv) out.write(csv_row(result));
  };
  const auto results = run_gemm_bench(flags.bench, libraries, on_result, interrupted);
  if (flags.format == BenchFormat::json) out.write(json_of(results));
  if (!flags.plot.empty()) {
    const Status status = write_file_atomically(flags.plot, svg_of(results));
    if (!status.ok()) return fail(status);
  }
  if (interrupted()) return kExitInterrupted;
  if (wrong) complain("a result was wrong; see the column lib");
  return out.exit_code(wrong ? kExitFailed : kExitDone);
}

int explain_gemm_command(const ExplainGemmFlags& flags) {
  const auto text = explain_gemm(flags.m, flags.n, flags.k, flags.type, flags.n_threads, flags.isa);
  if (!text.ok()) return fail(text.status());
  Output out;
  out.write(*text);
  return out.exit_code(kExitDone);
}

}  // namespace cria::cli
