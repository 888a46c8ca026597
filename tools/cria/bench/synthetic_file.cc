#include "bench/synthetic_file.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "cria/diagnose.h"
#include "interrupt.h"
#include "terminal.h"

namespace cria::cli {

Status SyntheticFile::make(const std::string& shape, const std::string& type) {
  std::error_code error;
  std::string folder = std::filesystem::temp_directory_path(error).string() + "/cria-bench-XXXXXX";
  if (error || ::mkdtemp(folder.data()) == nullptr) {
    return Status(StatusCode::io_error, "cannot make a folder for the synthetic model in " +
                                            folder + "; set TMPDIR to one with room for it");
  }
  folder_ = folder;
  ProgressBar bar("writing");
  SynthOptions synth{.shape = shape, .type = type};
  synth.on_progress = [&bar](double share) {
    bar.update(share);
    return !interrupted();
  };
  Status status = synthesize(path(), synth);
  bar.clear();
  return status;
}

void SyntheticFile::remove() {
  if (folder_.empty()) return;
  ::unlink(path().c_str());
  ::rmdir(folder_.c_str());
  folder_.clear();
}

}  // namespace cria::cli
