// Runs kernels on the CPU at hand against the definition: for users' machines, where no test runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "kernels/kernels.h"

namespace cria::kernels {

struct SlotCheck {
  std::string slot;        // slot_name() of the table's slot: "avx2/packed.q4_0"
  std::string difference;  // "" where it agrees with the scalar table as its contract says
};

// Every kernel and packed layout that the table itself has, with every tile, on random and on
// extreme operands. A few hundredths of a second a table.
// should_stop is asked between slots; what was checked until then is returned.
std::vector<SlotCheck> verify(const Table& table, FunctionRef<bool()> should_stop);

}  // namespace cria::kernels
