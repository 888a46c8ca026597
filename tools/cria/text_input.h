// Text from flags, files and standard input.
#pragma once

#include <string>
#include <string_view>

#include "cria/status.h"
#include "options.h"

namespace cria::cli {

// Everything up to the end. Errors: io_error; cancelled after a Ctrl-C.
Result<std::string> read_standard_input();
// Errors: not_found, io_error (a folder, too).
Result<std::string> read_whole_file(const std::string& path);

// -p, or -f, or standard input where it is no terminal. Errors: those above; invalid_argument where
// there is no text ("no WHAT: ...").
Result<std::string> read_prompt(const PromptFlags& flags, std::string_view what);

// The prompt as people mean it: a file's or a pipe's last newline is not part of it; that of -p is.
Result<std::string> read_prompt_text(const PromptFlags& flags, std::string_view what);

}  // namespace cria::cli
