// Products of weights with tokens, 32 columns at a time in ascending order.
#include <algorithm>

#include "kernels/scalar/scalar.h"

namespace cria::kernels::scalar {
namespace {

constexpr int64_t kStep = 32;

float* out_at(const MatmulArgs& args, int64_t i_token, int64_t i_row) {
  return args.out + i_token * args.out_stride + i_row;
}

void clear(const MatmulArgs& args) {
  for (int64_t t = 0; t < args.n_tokens; ++t) {
    for (int64_t r = 0; r < args.n_rows; ++r) *out_at(args, t, r) = 0;
  }
}

float dot(const float* a, const float* b, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// The integers are multiplied and added exactly; one fp32 addition per block.
float dot(const Unpacked32& w, const BlockQ8A& x) {
  float sum = 0;
  for (int half = 0; half < 2; ++half) {
    int32_t products = 0;
    for (int i = 16 * half; i < 16 * half + 16; ++i) products += w.q[i] * x.q[i];
    sum += w.d[half] * static_cast<float>(products) - w.m[half] * static_cast<float>(x.sums[half]);
  }
  return x.d * sum;
}

}  // namespace

template <DType kDType>
void matmul_float(const MatmulArgs& args) {
  constexpr int64_t kElemBytes = kDType == DType::f32 ? 4 : 2;
  clear(args);
  for (int64_t r = 0; r < args.n_rows; ++r) {
    const std::byte* row = args.w + r * args.w_row_bytes;
    for (int64_t c = 0; c < args.n_cols; c += kStep) {
      const int64_t n = std::min(kStep, args.n_cols - c);
      float w[kStep];
      dequantize_row(kDType, row + c * kElemBytes, n, w);
      for (int64_t t = 0; t < args.n_tokens; ++t) {
        const auto* x = reinterpret_cast<const float*>(args.x + t * args.x_row_bytes);
        *out_at(args, t, r) += dot(w, x + c, n);
      }
    }
  }
}

template <DType kDType>
void matmul_blocks(const MatmulArgs& args) {
  clear(args);
  for (int64_t r = 0; r < args.n_rows; ++r) {
    const std::byte* row = args.w + r * args.w_row_bytes;
    for (int64_t i_32 = 0; i_32 < args.n_cols / kStep; ++i_32) {
      Unpacked32 w;
      unpack_32(kDType, row, i_32, w);
      for (int64_t t = 0; t < args.n_tokens; ++t) {
        const auto* x = reinterpret_cast<const BlockQ8A*>(args.x + t * args.x_row_bytes);
        *out_at(args, t, r) += dot(w, x[i_32]);
      }
    }
  }
}

template void matmul_float<DType::f32>(const MatmulArgs&);
template void matmul_float<DType::f16>(const MatmulArgs&);
template void matmul_float<DType::bf16>(const MatmulArgs&);
template void matmul_blocks<DType::q4_0>(const MatmulArgs&);
template void matmul_blocks<DType::q4_1>(const MatmulArgs&);
template void matmul_blocks<DType::q5_0>(const MatmulArgs&);
template void matmul_blocks<DType::q5_1>(const MatmulArgs&);
template void matmul_blocks<DType::q8_0>(const MatmulArgs&);
template void matmul_blocks<DType::q2_k>(const MatmulArgs&);
template void matmul_blocks<DType::q3_k>(const MatmulArgs&);
template void matmul_blocks<DType::q4_k>(const MatmulArgs&);
template void matmul_blocks<DType::q5_k>(const MatmulArgs&);
template void matmul_blocks<DType::q6_k>(const MatmulArgs&);

}  // namespace cria::kernels::scalar
