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
#include "kernels/shared/arm_vec.inl.h"
#include "kernels/shared/unpack.inl.h"
#include "kernels/shared/arm_tile.inl.h"
#include "kernels/i8mm/packed_int8.inl.h"
#include "kernels/shared/arm_blocks.inl.h"
#include "kernels/i8mm/packed_blocks.inl.h"
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

constexpr Table kTableHere = {
    .name = "i8mm",
    .packed = {nullptr, nullptr, nullptr, &kS8, &kU8, &kBlocks<Q4_0>, &kBlocks<Q4_1>,
               &kBlocks<Q5_0>, &kBlocks<Q5_1>, &kBlocks<Q8_0>, &kBlocks<Q2K>, &kBlocks<Q3K>,
               &kBlocks<Q4K>, &kBlocks<Q5K>, &kBlocks<Q6K>},
    .peak_int8 = &kPeakOf<Smmla>,
    .peak_blocks = &kPeakOf<Smmla>};

}  // namespace

constinit const Table kTable = kTableHere;

}  // namespace cria::kernels::i8mm
