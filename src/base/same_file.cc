#include "base/same_file.h"

#include <sys/stat.h>

namespace cria {

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat of_a, of_b;
  if (::stat(a.c_str(), &of_a) != 0 || ::stat(b.c_str(), &of_b) != 0) return false;
  return of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

}  // namespace cria
