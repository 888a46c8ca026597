// cria pack: the weights as the kernels of a CPU read them.
#include "cria/model.h"
#include "interrupt.h"
#include "opening.h"
#include "output.h"
#include "quantize_commands.h"
#include "terminal.h"

namespace cria::cli {

int pack_command(const PackFlags& flags) {
  catch_interrupts();
  const Result<Model> model = open_model(flags.model);
  if (!model.ok()) return fail(model.status());
  ProgressBar bar("writing");
  const Status status = model->save_packed(flags.out, [&bar](double share) {
    bar.update(share);
    return !interrupted();
  });
  bar.clear();
  if (!status.ok()) return fail(status);
  complain("packed for kernels " + model->info().kernels + "; use it as cria run " +
           flags.model.path + " --packed " + flags.out);
  return kExitDone;
}

}  // namespace cria::cli
