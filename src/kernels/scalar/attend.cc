// Attention of one token's heads to one KV head. Source: streaming softmax (Milakov and Gimelshein
// 2018): after each block of positions, what was summed up is scaled to the new maximum.
#include <algorithm>
#include <limits>

#include "base/mathf.h"
#include "kernels/scalar/scalar.h"
#include "tensor/half.h"

namespace cria::kernels::scalar {
namespace {

float to_f32(float value) { return value; }
float to_f32(uint16_t half) { return f16_to_f32(half); }

template <typename Element>
const Element* row(const std::byte* base, int64_t row_bytes, int64_t i_row) {
  return reinterpret_cast<const Element*>(base + i_row * row_bytes);
}

template <typename Element>  // float, uint16_t (f16)
void attend_head(const AttendArgs& args, const float* q, float* out) {
  const int64_t head_dim = args.head_dim;
  float max = -std::numeric_limits<float>::infinity();
  float sum = 0;
  std::fill_n(out, head_dim, 0.0f);
  for (int64_t begin = 0; begin < args.n_positions; begin += kAttendBlock) {
    const int64_t n = std::min(kAttendBlock, args.n_positions - begin);
    float scores[kAttendBlock];
    float new_max = max;
    for (int64_t p = 0; p < n; ++p) {
      const Element* k = row<Element>(args.k, args.k_row_bytes, begin + p);
      float dot = 0;
      for (int64_t i = 0; i < head_dim; ++i) dot += q[i] * to_f32(k[i]);
      scores[p] = args.scale * dot;
      new_max = std::max(new_max, scores[p]);
    }
    const float keep = exp_f32(max - new_max);
    sum *= keep;
    for (int64_t i = 0; i < head_dim; ++i) out[i] *= keep;
    for (int64_t p = 0; p < n; ++p) {
      const Element* v = row<Element>(args.v, args.v_row_bytes, begin + p);
      const float weight = exp_f32(scores[p] - new_max);
      sum += weight;
      for (int64_t i = 0; i < head_dim; ++i) out[i] += weight * to_f32(v[i]);
    }
    max = new_max;
  }
  for (int64_t i = 0; i < head_dim; ++i) out[i] /= sum;
}

template <typename Element>
void attend(const AttendArgs& args) {
  for (int64_t h = 0; h < args.n_heads; ++h) {
    attend_head<Element>(args, args.q + h * args.head_dim, args.out + h * args.head_dim);
  }
}

}  // namespace

void attend_f16(const AttendArgs& args) { attend<uint16_t>(args); }
void attend_f32(const AttendArgs& args) { attend<float>(args); }

}  // namespace cria::kernels::scalar
