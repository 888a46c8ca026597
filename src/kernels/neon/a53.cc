// What runs otherwise on a Cortex-A53, whose instructions issue in order.
#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

#include "kernels/kernels.h"

namespace cria::kernels::neon_a53 {
namespace {

// Each one builds on those before it.
// clang-format off
#include "kernels/shared/arm_vec.inl.h"
#include "kernels/shared/unpack.inl.h"
#include "kernels/shared/float_types.inl.h"
#include "kernels/shared/arm_tile.inl.h"
#include "kernels/shared/arm_by_element.inl.h"
#include "kernels/shared/arm_in_order.inl.h"
#include "kernels/neon/schedule_a53.inl.h"
#include "kernels/neon/packed_float.inl.h"
#include "kernels/neon/dot.inl.h"
#include "kernels/shared/arm_blocks.inl.h"
#include "kernels/shared/arm_scheduled.inl.h"
#include "kernels/shared/arm_q4_in_order.inl.h"
// clang-format on

struct BySmullInOrder : BySmull {
  using Pairs = PairsA53;
};

constexpr PackedKernel kF32 = in_order_a53<ByFmla<F32>>("neon_a53", "[k][12] fp32");
constexpr PackedKernel kQ4_0 =
    q4_in_order<BySmullInOrder>("neon_a53", "blocks of 4 columns, 16 bytes of each in turn");

constexpr Table make_table() {
  Table table;
  table.name = "neon_a53";
  table.packed[static_cast<size_t>(PackedType::f32)] = &kF32;
  table.packed[static_cast<size_t>(PackedType::q4_0)] = &kQ4_0;
  return table;
}

}  // namespace

constinit const Table kTable = make_table();

}  // namespace cria::kernels::neon_a53
