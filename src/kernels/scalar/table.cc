#include "kernels/scalar/packed.h"
#include "kernels/scalar/scalar.h"

namespace cria::kernels::scalar {
namespace {

constexpr Table make_table() {
  Table table;
  table.name = "scalar";
  const auto matmul = [&table](DType dtype) -> MatmulFn& {
    return table.matmul[static_cast<size_t>(dtype)];
  };
  matmul(DType::f32) = matmul_float<DType::f32>;
  matmul(DType::f16) = matmul_float<DType::f16>;
  matmul(DType::bf16) = matmul_float<DType::bf16>;
  matmul(DType::q4_0) = matmul_blocks<DType::q4_0>;
  matmul(DType::q4_1) = matmul_blocks<DType::q4_1>;
  matmul(DType::q5_0) = matmul_blocks<DType::q5_0>;
  matmul(DType::q5_1) = matmul_blocks<DType::q5_1>;
  matmul(DType::q8_0) = matmul_blocks<DType::q8_0>;
  matmul(DType::q2_k) = matmul_blocks<DType::q2_k>;
  matmul(DType::q3_k) = matmul_blocks<DType::q3_k>;
  matmul(DType::q4_k) = matmul_blocks<DType::q4_k>;
  matmul(DType::q5_k) = matmul_blocks<DType::q5_k>;
  matmul(DType::q6_k) = matmul_blocks<DType::q6_k>;
  matmul(DType::grouped_i8) = matmul_grouped;
  table.quantize_q8a = quantize_q8a;
  table.quantize_grouped = quantize_grouped;
  table.rms_norm = rms_norm;
  table.swiglu = swiglu;
  table.attend_f16 = attend_f16;
  table.attend_f32 = attend_f32;
  table.store_f16 = store_f16;
  table.peak_f32 = &kPeakF32;
  table.peak_int8 = &kPeakInt8;
  for (size_t i = 0; i < table.packed.size(); ++i) table.packed[i] = &kPacked[i];
  return table;
}

}  // namespace

constinit const Table kTable = make_table();

}  // namespace cria::kernels::scalar
