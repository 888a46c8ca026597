// What `cria verify` found on this CPU, kept for the other commands.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cria/status.h"

namespace cria::cli {

// $XDG_CACHE_HOME/cria/verify-KEY, or ~/.cache/cria/...; KEY stands for the CPU and the build, so
// that one folder serves several machines and versions. "" where neither is set.
std::string verified_path();

// Slots whose kernels were wrong, joined by commas; nothing where no record of this CPU and build
// can be read whole.
std::optional<std::string> read_verified();
Status write_verified(const std::string& wrong_slots);

// Switches off what is on record as wrong, for this process and its children, and says so. Does
// nothing where CRIA_KERNELS_OFF is set, even to "": a person's word goes first.
// Requires  no other thread yet: it sets CRIA_KERNELS_OFF
void switch_off_wrong_kernels();

}  // namespace cria::cli
