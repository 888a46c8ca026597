// What runs otherwise on a Cortex-A55, whose instructions issue in order.
#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

#include "kernels/kernels.h"

namespace cria::kernels::dotprod_a55 {
namespace {

// Each one builds on those before it.
// clang-format off
#include "kernels/shared/arm_vec.inl.h"
#include "kernels/shared/unpack.inl.h"
#include "kernels/shared/arm_tile.inl.h"
#include "kernels/shared/arm_by_element.inl.h"
#include "kernels/shared/arm_in_order.inl.h"
#include "kernels/shared/arm_schedule_a55.inl.h"
#include "kernels/dotprod/packed_int8.inl.h"
#include "kernels/dotprod/dot.inl.h"
#include "kernels/shared/arm_blocks.inl.h"
#include "kernels/shared/arm_scheduled.inl.h"
#include "kernels/shared/arm_q4_in_order.inl.h"
// clang-format on

struct BySdotInOrder : BySdot {
  using Pairs = PairsA55;
};

constexpr PackedKernel kS8 = in_order_a55<S8>("dotprod_a55", "[k / 4][12][4] int8");
constexpr PackedKernel kU8 = in_order_a55<U8>("dotprod_a55", "[k / 4][12][4] uint8");
constexpr PackedKernel kQ4_0 =
    q4_in_order<BySdotInOrder>("dotprod_a55", "blocks of 4 columns, 4 bytes of each in turn");

constexpr Table make_table() {
  Table table;
  table.name = "dotprod_a55";
  table.packed[static_cast<size_t>(PackedType::s8)] = &kS8;
  table.packed[static_cast<size_t>(PackedType::u8)] = &kU8;
  table.packed[static_cast<size_t>(PackedType::q4_0)] = &kQ4_0;
  return table;
}

}  // namespace

constinit const Table kTable = make_table();

}  // namespace cria::kernels::dotprod_a55
