// Random weights in a temporary file.
#pragma once

#include <string>

#include "cria/status.h"

namespace cria::cli {

// A file of random weights for as long as it is needed by its name.
class SyntheticFile {
 public:
  SyntheticFile() = default;
  SyntheticFile(const SyntheticFile&) = delete;
  SyntheticFile& operator=(const SyntheticFile&) = delete;
  ~SyntheticFile() { remove(); }

  // With a progress bar; stopped by Ctrl-C. Errors: io_error; as cria::synthesize.
  Status make(const std::string& shape, const std::string& type);
  std::string path() const { return folder_ + "/model.gguf"; }
  // An open model goes on without the name.
  void remove();

 private:
  std::string folder_;
};

}  // namespace cria::cli
