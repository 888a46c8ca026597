// The packed products of the scalar table: the definition. Contracts: kernels/packed.h.
#pragma once

#include "kernels/packed.h"

namespace cria::kernels::scalar {

extern const PackedKernel kPacked[kNumPackedTypes];

}  // namespace cria::kernels::scalar
