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
// clang-format on

constexpr PackedKernel kS8 = packed_int8<S8>("[k / 8][8][8] int8");
constexpr PackedKernel kU8 = packed_int8<U8>("[k / 8][8][8] uint8");

constexpr Table make_table() {
  Table table;
  table.name = "i8mm";
  table.packed[static_cast<size_t>(PackedType::s8)] = &kS8;
  table.packed[static_cast<size_t>(PackedType::u8)] = &kU8;
  return table;
}

}  // namespace

constinit const Table kTable = make_table();

}  // namespace cria::kernels::i8mm
