// cria imatrix: which columns of a model's matrices matter.
#include "interrupt.h"
#include "opening.h"
#include "output.h"
#include "quantize_commands.h"
#include "terminal.h"
#include "text_input.h"

namespace cria::cli {
namespace {

// Without its folders, which are nobody else's business.
std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

int imatrix_command(const ImatrixFlags& flags) {
  catch_interrupts();
  const Result<std::string> text = read_whole_file(flags.text);
  if (!text.ok()) return fail(text.status());
  const Result<Model> model = open_model(flags.model);
  if (!model.ok()) return fail(model.status());
  ProgressBar bar("reading");
  ImportanceOptions options = flags.importance;
  options.source_name = file_name(flags.text);
  options.on_progress = [&bar](double share) {
    bar.update(share);
    return !interrupted();
  };
  const auto report = measure_importance(*model, *text, flags.out, options);
  bar.clear();
  if (!report.ok()) return fail(report.status());
  Output out;
  out.write(std::to_string(report->n_weights) + " matrices, " + std::to_string(report->n_tokens) +
            " tokens in " + std::to_string(report->n_chunks) + " chunks\n");
  return out.exit_code(kExitDone);
}

}  // namespace cria::cli
