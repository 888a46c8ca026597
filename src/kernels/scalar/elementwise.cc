// Normalisation and activation.
#include <algorithm>
#include <cmath>

#include "base/mathf.h"
#include "kernels/scalar/scalar.h"

namespace cria::kernels::scalar {

void rms_norm(const float* x, const float* weight, int64_t n, float eps, float* out) {
  float sum = 0;
  for (int64_t begin = 0; begin < n; begin += 32) {  // in parts, so that rounding does not add up
    float part = 0;
    for (int64_t i = begin; i < std::min(n, begin + 32); ++i) part += x[i] * x[i];
    sum += part;
  }
  const float scale = 1.0f / std::sqrt(sum / static_cast<float>(n) + eps);
  for (int64_t i = 0; i < n; ++i) out[i] = weight[i] * (x[i] * scale);
}

void swiglu(const float* gate, const float* up, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i) {
    const float silu = gate[i] / (1.0f + exp_f32(-gate[i]));
    out[i] = silu * up[i];
  }
}

}  // namespace cria::kernels::scalar
