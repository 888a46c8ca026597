// Which kernels run: what the caller says, else the environment.
#pragma once

#include <cstdlib>
#include <string>

#include "kernels/dispatch.h"

namespace cria::api {

// value, or where it is "" the environment's, or "".
inline std::string or_environment(const std::string& value, const char* name) {
  const char* found = std::getenv(name);
  return value.empty() && found != nullptr ? found : value;
}

inline std::string isa_or_environment(const std::string& isa) {
  return or_environment(isa, "CRIA_ISA");
}

inline std::string off_or_environment(const std::string& off) {
  return or_environment(off, "CRIA_KERNELS_OFF");
}

inline Result<kernels::Table> choose_kernels(const std::string& isa) {
  return kernels::choose_table(isa_or_environment(isa), off_or_environment(""));
}

}  // namespace cria::api
