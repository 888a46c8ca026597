// Built for AVX-512 with VNNI: everything but the table sits in an unnamed
// namespace, and nothing inline from elsewhere is called, so that no function of this file is kept
// for another CPU.
#include "kernels/kernels.h"

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

namespace cria::kernels::avx512vnni {
namespace {

// Each one builds on those before it.
// clang-format off
#include "kernels/shared/avx512_vec.inl.h"
#include "kernels/avx512vnni/dot.inl.h"
#include "kernels/shared/dot_vnni.inl.h"
#include "kernels/shared/unpack.inl.h"
#include "kernels/shared/block_dots.inl.h"
#include "kernels/shared/peak_products.inl.h"
#include "kernels/shared/packed_blocks.inl.h"
#include "kernels/shared/prefetch_next.inl.h"
#include "kernels/shared/packed_int8_vnni.inl.h"
#include "kernels/avx512vnni/packed.inl.h"
#include "kernels/shared/set_packed.inl.h"
#include "kernels/shared/vnni_table.inl.h"
// clang-format on

}  // namespace

constinit const Table kTable = make_table_here();

}  // namespace cria::kernels::avx512vnni
