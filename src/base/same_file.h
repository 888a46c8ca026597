// Whether two paths are one file.
#pragma once

#include <string>

namespace cria {

// True where both exist and are one file, through links too.
bool is_same_file(const std::string& a, const std::string& b);

}  // namespace cria
