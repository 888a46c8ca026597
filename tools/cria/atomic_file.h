// Small files written whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "cria/status.h"

namespace cria::cli {

// Writes a temporary file beside path, readable by its owner only, and renames it over path. On an
// error an existing file is as it was. Errors: io_error naming path.
Status write_file_atomically(const std::string& path, std::string_view bytes);

}  // namespace cria::cli
