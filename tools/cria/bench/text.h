// Words of the measuring commands.
#pragma once

#include <string>

#include "cria/diagnose.h"

namespace cria::cli {

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

// A note for people where this machine reaches less than it should, or nothing.
std::string limits_warning(const MachineLimits& limits);

}  // namespace cria::cli
