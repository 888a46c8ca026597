// Where files of the user's own go, as the XDG Base Directory Specification says.
#pragma once

#include <string>

namespace cria::cli {

// The folder that the variable names, where that is an absolute path, else below_home in HOME; ""
// where there is neither.
std::string user_folder(const char* variable, const char* below_home);

// Makes the folders above path, each for its owner only, as the specification asks. Errors show
// when the file itself is written.
void make_parent_folders(const std::string& path);

}  // namespace cria::cli
