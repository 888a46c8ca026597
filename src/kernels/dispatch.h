// Chooses kernels for this CPU, or by name.
#pragma once

#include <string_view>
#include <vector>

#include "cria/status.h"
#include "kernels/kernels.h"

namespace cria::kernels {

// Names of the tables that this build has and this CPU and system can run, slowest first
// ("scalar" always).
std::vector<std::string_view> runnable_tables();

// The non-null slots of the runnable tables up to and including the named one, later ones winning;
// "" means all. Tables for other cores than this machine's, or with a coarser accuracy, take part
// only where they are named. The result has no null slot for a computable type, and its name is
// that of the last table. Errors: invalid_argument for an unknown name or one that this CPU lacks,
// with the valid names.
Result<Table> choose_table(std::string_view name);

}  // namespace cria::kernels
