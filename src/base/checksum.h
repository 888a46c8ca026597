// A checksum at the speed of memory.
#pragma once

#include <cstdint>

#include "base/byte_reader.h"

namespace cria {

// XXH64 with the seed (Collet, "xxHash fast digest algorithm", version 0.1.1). Finds damage; does
// not withstand somebody who means it.
uint64_t checksum(Bytes bytes, uint64_t seed = 0);

}  // namespace cria
