// Built for ARMv8.2 with dot products: everything but the table sits in an unnamed namespace, as in
// every ISA folder.
#include "kernels/kernels.h"

#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

namespace cria::kernels::dotprod {
namespace {

// Each one builds on those before it.
// clang-format off
#include "kernels/shared/arm_vec.inl.h"
#include "kernels/shared/unpack.inl.h"
#include "kernels/shared/arm_tile.inl.h"
#include "kernels/shared/arm_by_element.inl.h"
#include "kernels/dotprod/packed_int8.inl.h"
#include "kernels/dotprod/dot.inl.h"
#include "kernels/shared/arm_blocks.inl.h"
#include "kernels/shared/peak_products.inl.h"
// clang-format on

template <typename Type>
constexpr PackedKernel kBlocks =
    arm_blocks<BySdot, Type>("dotprod", "blocks of 4 columns, 4 bytes of each in turn");

constexpr PackedKernel kS8 = by_element<S8>("dotprod", "[k / 4][12][4] int8");
constexpr PackedKernel kU8 = by_element<U8>("dotprod", "[k / 4][12][4] uint8");

struct Sdot {
  using Sums = int32x4_t;
  static constexpr int kProducts = 16;
  static Sums start(int i) { return vdupq_n_s32(i); }
  static Sums run(Sums sums) { return vdotq_s32(sums, vreinterpretq_s8_s32(sums), vdupq_n_s8(3)); }
  static int32_t total(Sums sums) { return vaddvq_s32(sums); }
};

constexpr Table kTableHere = {
    .name = "dotprod",
    .packed = {nullptr, nullptr, nullptr, &kS8, &kU8, &kBlocks<Q4_0>, &kBlocks<Q4_1>,
               &kBlocks<Q5_0>, &kBlocks<Q5_1>, &kBlocks<Q8_0>, &kBlocks<Q2K>, &kBlocks<Q3K>,
               &kBlocks<Q4K>, &kBlocks<Q5K>, &kBlocks<Q6K>},
    .peak_int8 = &kPeakOf<Sdot>,
    .peak_blocks = &kPeakOf<Sdot>};

}  // namespace

constinit const Table kTable = kTableHere;

}  // namespace cria::kernels::dotprod
