#include "opening.h"

#include "interrupt.h"
#include "terminal.h"

namespace cria::cli {

Result<Model> open_model(const ModelFlags& flags, ModelOptions options) {
  ProgressBar bar("loading");
  options.tokenizer_path = flags.tokenizer;
  options.isa = flags.isa;
  options.on_progress = [&bar](double share) {
    bar.update(share);
    return !interrupted();
  };
  Result<Model> model = Model::open(flags.path, options);
  bar.clear();
  return model;
}

}  // namespace cria::cli
