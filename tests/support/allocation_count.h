// Counts what the test program allocates, for promises that nothing is.
#pragma once

#include <cstddef>

namespace cria::testing {

extern size_t n_allocations;

}  // namespace cria::testing
