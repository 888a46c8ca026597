// Built for ARMv8.0: everything but the table sits in an unnamed namespace, as in every ISA folder.
#include "kernels/kernels.h"

#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

namespace cria::kernels::neon {
namespace {

// Each one builds on those before it.
// clang-format off
#include "kernels/shared/arm_vec.inl.h"
#include "kernels/shared/unpack.inl.h"
#include "kernels/shared/float_types.inl.h"
#include "kernels/shared/elementwise.inl.h"
#include "kernels/shared/attend.inl.h"
#include "kernels/shared/set_packed.inl.h"
#include "kernels/shared/table.inl.h"
#include "kernels/shared/peak.inl.h"
#include "kernels/shared/peak_products.inl.h"
#include "kernels/shared/arm_tile.inl.h"
#include "kernels/shared/arm_by_element.inl.h"
#include "kernels/neon/packed_float.inl.h"
#include "kernels/neon/packed_int8.inl.h"
#include "kernels/neon/dot.inl.h"
#include "kernels/shared/arm_blocks.inl.h"
#include "kernels/neon/packed.inl.h"
// clang-format on

// The most that this set multiplies by one instruction; what keeps the sums exact is left out.
struct Smlal {
  using Sums = int16x8_t;
  static constexpr int kProducts = 8;
  static Sums start(int i) { return vdupq_n_s16(static_cast<int16_t>(i)); }
  static Sums run(Sums sums) {
    return vmlal_s8(sums, vget_low_s8(vreinterpretq_s8_s16(sums)), vdup_n_s8(3));
  }
  static int32_t total(Sums sums) { return vaddvq_s16(sums); }
};

constexpr Table make_table_here() {
  Table table = make_table("neon", &kPeakF32, &kPeakOf<Smlal>, &kPeakOf<Smlal>);
  set_packed(table, PackedType::f32, kPacked);
  return table;
}

}  // namespace

constinit const Table kTable = make_table_here();

}  // namespace cria::kernels::neon
