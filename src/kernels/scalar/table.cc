#include "kernels/scalar/packed.h"
#include "kernels/scalar/scalar.h"

namespace cria::kernels::scalar {
namespace {

constexpr Table make_table() {
  Table table;
  table.name = "scalar";
  table.matmul_grouped = matmul_grouped;
  table.quantize_q8a = quantize_q8a;
  table.quantize_grouped = quantize_grouped;
  table.rms_norm = rms_norm;
  table.swiglu = swiglu;
  table.attend = attend;
  table.store_f16 = store_f16;
  table.peak_f32 = &kPeakF32;
  table.peak_int8 = &kPeakInt8;
  table.peak_blocks = &kPeakInt8;
  for (size_t i = 0; i < table.packed.size(); ++i) table.packed[i] = &kPacked[i];
  return table;
}

}  // namespace

constinit const Table kTable = make_table();

}  // namespace cria::kernels::scalar
