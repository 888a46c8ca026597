#include "user_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

namespace cria::cli {

std::string user_folder(const char* variable, const char* below_home) {
  const char* folder = std::getenv(variable);
  if (folder != nullptr && folder[0] == '/') return folder;
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') return "";
  return std::string(home) + "/" + below_home;
}

void make_parent_folders(const std::string& path) {
  for (size_t i = path.find('/', 1); i != std::string::npos; i = path.find('/', i + 1)) {
    if (::mkdir(path.substr(0, i).c_str(), S_IRWXU) != 0 && errno != EEXIST) return;
  }
}

}  // namespace cria::cli
