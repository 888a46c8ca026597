// A model from its flags.
#pragma once

#include "cria/model.h"
#include "options.h"

namespace cria::cli {

// With a progress bar; stopped by Ctrl-C. options: what flags do not say. Errors: as Model::open.
Result<Model> open_model(const ModelFlags& flags, ModelOptions options = {});

}  // namespace cria::cli
