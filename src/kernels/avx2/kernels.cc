// Built for AVX2, FMA and F16C: everything but the table sits in an unnamed namespace, and nothing
// inline from elsewhere is called, so that no function of this file is kept for another CPU.
#include "kernels/kernels.h"

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

namespace cria::kernels::avx2 {
namespace {

// Each one builds on those before it.
// clang-format off
#include "kernels/shared/avx2_vec.inl.h"
#include "kernels/shared/dot_maddubs.inl.h"
#include "kernels/shared/unpack.inl.h"
#include "kernels/shared/block_dots.inl.h"
#include "kernels/shared/float_types.inl.h"
#include "kernels/shared/elementwise.inl.h"
#include "kernels/shared/attend.inl.h"
#include "kernels/shared/set_packed.inl.h"
#include "kernels/shared/table.inl.h"
#include "kernels/shared/peak.inl.h"
#include "kernels/shared/peak_products.inl.h"
#include "kernels/shared/packed_blocks.inl.h"
#include "kernels/shared/prefetch_next.inl.h"
#include "kernels/shared/packed_float.inl.h"
#include "kernels/avx2/packed_int8.inl.h"
#include "kernels/avx2/packed.inl.h"
// clang-format on

}  // namespace

constinit const Table kTable = make_table_here();

}  // namespace cria::kernels::avx2
