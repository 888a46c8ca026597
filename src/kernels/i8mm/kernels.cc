// Built for ARMv8.2 with int8 matrix products: everything but the table sits in an unnamed
// namespace, as in every ISA folder.
#include "kernels/kernels.h"

#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

namespace cria::kernels::i8mm {
namespace {

// Each one builds on those before it.
// clang-format off
#include "kernels/shared/arm_tile.inl.h"
#include "kernels/i8mm/packed_int8.inl.h"
#include "kernels/shared/peak_products.inl.h"
// clang-format on

constexpr PackedKernel kS8 = packed_int8<S8>("[k / 8][8][8] int8");
constexpr PackedKernel kU8 = packed_int8<U8>("[k / 8][8][8] uint8");

struct Smmla {
  using Sums = int32x4_t;
  static constexpr int kProducts = 32;
  static Sums start(int i) { return vdupq_n_s32(i); }
  static Sums run(Sums sums) { return vmmlaq_s32(sums, vreinterpretq_s8_s32(sums), vdupq_n_s8(3)); }
  static int32_t total(Sums sums) { return vaddvq_s32(sums); }
};

constexpr Table make_table() {
  Table table;
  table.name = "i8mm";
  table.packed[static_cast<size_t>(PackedType::s8)] = &kS8;
  table.packed[static_cast<size_t>(PackedType::u8)] = &kU8;
  table.peak_int8 = &kPeakOf<Smmla>;
  return table;
}

}  // namespace

constinit const Table kTable = make_table();

}  // namespace cria::kernels::i8mm
