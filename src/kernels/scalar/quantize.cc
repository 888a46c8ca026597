// fp32 to the forms that activations and the KV cache are kept in.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/scalar/scalar.h"
#include "tensor/half.h"

namespace cria::kernels::scalar {
namespace {

// max |x| / 127; 0 where that would be subnormal, so that x / scale cannot pass 127; NaN where an
// element is infinite or NaN.
float scale_of(const float* x, int64_t n) {
  float max = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!std::isfinite(x[i])) return std::numeric_limits<float>::quiet_NaN();
    max = std::max(max, std::fabs(x[i]));
  }
  return max < 0x1p-119f ? 0 : max / 127;
}

bool is_usable(float scale) { return scale > 0; }

}  // namespace

void quantize_q8a(const float* x, int64_t n, BlockQ8A* out) {
  for (int64_t i_block = 0; i_block < n / 32; ++i_block) {
    BlockQ8A& block = out[i_block];
    block = {};
    block.d = scale_of(x + 32 * i_block, 32);
    if (!is_usable(block.d)) continue;
    for (int i = 0; i < 32; ++i) {
      const float q = std::nearbyint(x[32 * i_block + i] / block.d);  // ties to even
      block.q[i] = static_cast<int8_t>(q);
      block.sums[i / 16] = static_cast<int16_t>(block.sums[i / 16] + block.q[i]);
    }
  }
}

void quantize_grouped(const float* x, int64_t n, int64_t group_size, std::byte* out) {
  const int64_t n_groups = (n + group_size - 1) / group_size;
  std::byte* q = out + 4 * n_groups;
  for (int64_t g = 0; g < n_groups; ++g) {
    const int64_t begin = g * group_size;
    const int64_t end = std::min(n, begin + group_size);
    const float scale = scale_of(x + begin, end - begin);
    std::memcpy(out + 4 * g, &scale, sizeof scale);
    for (int64_t i = begin; i < end; ++i) {
      const float rounded = is_usable(scale) ? std::round(x[i] / scale) : 0;  // half away from zero
      q[i] = static_cast<std::byte>(static_cast<int8_t>(rounded));
    }
  }
}

void store_f16(const float* x, int64_t n, uint16_t* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = f32_to_f16(x[i]);
}

}  // namespace cria::kernels::scalar
