// Memory and start of a process, as the system sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cria::cli {

// Resident memory of this process now; 0 where the system does not say.
int64_t resident_bytes();

// Milliseconds from the start of this program, as a child with these words, until it prints
// something. Nothing where it cannot be started or prints nothing.
std::optional<double> milliseconds_to_output(const std::vector<std::string>& words);

}  // namespace cria::cli
