#include "opening.h"

#include "interrupt.h"
#include "output.h"
#include "terminal.h"
#include "user_files.h"

namespace cria::cli {
namespace {

std::string pack_cache_folder() {
  const std::string folder = user_folder("XDG_CACHE_HOME", ".cache");
  if (!folder.empty()) return folder + "/cria/packed";
  complain("--pack-cache: neither XDG_CACHE_HOME nor HOME is set, so nothing is kept");
  return "";
}

}  // namespace

Result<Model> open_model(const ModelFlags& flags, ModelOptions options) {
  ProgressBar bar("loading");
  options.tokenizer_path = flags.tokenizer;
  options.isa = flags.isa;
  options.packed_path = flags.packed;
  if (flags.pack_cache) options.pack_cache = pack_cache_folder();
  options.on_progress = [&bar](double share) {
    bar.update(share);
    return !interrupted();
  };
  Result<Model> model = Model::open(flags.path, options);
  bar.clear();
  return model;
}

}  // namespace cria::cli
