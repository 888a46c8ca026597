// cria synth: a GGUF of random weights with a known model's shape.
#include "commands.h"
#include "cria/diagnose.h"
#include "interrupt.h"
#include "output.h"
#include "terminal.h"

namespace cria::cli {
namespace {

int list_shapes() {
  std::string text;
  for (const std::string& shape : synth_shapes()) text += shape + "\n";
  Output out;
  out.write(text);
  return out.exit_code(kExitDone);
}

}  // namespace

int synth_command(const SynthFlags& options) {
  if (options.list) return list_shapes();
  catch_interrupts();
  ProgressBar bar("writing");
  SynthOptions synth = options.synth;
  synth.on_progress = [&bar](double share) {
    bar.update(share);
    return !interrupted();
  };
  const Status status = synthesize(options.path, synth);
  bar.clear();
  return status.ok() ? kExitDone : fail(status);
}

}  // namespace cria::cli
