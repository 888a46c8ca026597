// What runs otherwise on a Cortex-A55, whose instructions issue in order.
#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

#include "kernels/kernels.h"

namespace cria::kernels::neon_a55 {
namespace {

// Each one builds on those before it.
// clang-format off
#include "kernels/shared/arm_vec.inl.h"
#include "kernels/shared/float_types.inl.h"
#include "kernels/shared/arm_tile.inl.h"
#include "kernels/shared/arm_by_element.inl.h"
#include "kernels/shared/arm_in_order.inl.h"
#include "kernels/shared/arm_schedule_a55.inl.h"
#include "kernels/neon/packed_float.inl.h"
// clang-format on

constexpr PackedKernel kF32 = in_order_a55<ByFmla<F32>>("neon_a55", "[k][12] fp32");

constexpr Table make_table() {
  Table table;
  table.name = "neon_a55";
  table.packed[static_cast<size_t>(PackedType::f32)] = &kF32;
  return table;
}

}  // namespace

constinit const Table kTable = make_table();

}  // namespace cria::kernels::neon_a55
