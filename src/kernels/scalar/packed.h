// The packed products of the scalar table: the definition. Contracts: kernels/packed.h.
#pragma once

#include "kernels/kernels.h"

namespace cria::kernels::scalar {

extern const Peak kPeakF32;
extern const Peak kPeakInt8;
extern const PackedKernel kPacked[kNumPackedTypes];

}  // namespace cria::kernels::scalar
