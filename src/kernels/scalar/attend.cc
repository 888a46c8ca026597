// Attention of one token's heads to one KV head. Source: streaming softmax (Milakov and Gimelshein
// 2018): after each block of positions, what was summed up is scaled to the new maximum.
#include <algorithm>
#include <cstring>
#include <limits>

#include "base/mathf.h"
#include "kernels/scalar/scalar.h"
#include "tensor/half.h"

namespace cria::kernels::scalar {
namespace {

// What a row's element i is, by type.
struct KvF32 {
  static float get(const std::byte* row, int64_t i) {
    float value;
    std::memcpy(&value, row + i * 4, sizeof value);
    return value;
  }
};
struct KvF16 {
  static float get(const std::byte* row, int64_t i) {
    uint16_t half;
    std::memcpy(&half, row + i * 2, sizeof half);
    return f16_to_f32(half);
  }
};
struct KvQ8_0 {
  static float get(const std::byte* row, int64_t i) {
    BlockQ8_0 block;
    std::memcpy(&block, row + i / 32 * static_cast<int64_t>(sizeof block), sizeof block);
    return f16_to_f32(block.d) * static_cast<float>(block.qs[i % 32]);
  }
};
struct KvQ4_0 {
  static float get(const std::byte* row, int64_t i) {
    BlockQ4_0 block;
    std::memcpy(&block, row + i / 32 * static_cast<int64_t>(sizeof block), sizeof block);
    const int both = block.qs[i % 16];
    return f16_to_f32(block.d) * static_cast<float>((i % 32 < 16 ? both & 15 : both >> 4) - 8);
  }
};

const std::byte* row_of(const AttendArgs& args, const KvRows& rows, int64_t i) {
  const int64_t p = args.first + i;
  return rows.base + args.pages[p / kKvPage] * rows.page_bytes + p % kKvPage * rows.row_bytes;
}

template <typename K, typename V>
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
      const std::byte* k = row_of(args, args.k, begin + p);
      float dot = 0;
      for (int64_t i = 0; i < head_dim; ++i) dot += q[i] * K::get(k, i);
      scores[p] = args.scale * dot;
      new_max = std::max(new_max, scores[p]);
    }
    const float keep = exp_f32(max - new_max);
    sum *= keep;
    for (int64_t i = 0; i < head_dim; ++i) out[i] *= keep;
    for (int64_t p = 0; p < n; ++p) {
      const std::byte* v = row_of(args, args.v, begin + p);
      const float weight = exp_f32(scores[p] - new_max);
      sum += weight;
      for (int64_t i = 0; i < head_dim; ++i) out[i] += weight * V::get(v, i);
    }
    max = new_max;
  }
  for (int64_t i = 0; i < head_dim; ++i) out[i] /= sum;
}

template <typename K, typename V>
void attend_rows(const AttendArgs& args) {
  for (int64_t h = 0; h < args.n_heads; ++h) {
    attend_head<K, V>(args, args.q + h * args.head_dim, args.out + h * args.head_dim);
  }
}

template <typename K>
void attend_with_keys(const AttendArgs& args) {
  switch (args.v.type) {
    case DType::f32:
      return attend_rows<K, KvF32>(args);
    case DType::f16:
      return attend_rows<K, KvF16>(args);
    case DType::q8_0:
      return attend_rows<K, KvQ8_0>(args);
    default:
      return attend_rows<K, KvQ4_0>(args);
  }
}

}  // namespace

void attend(const AttendArgs& args) {
  switch (args.k.type) {
    case DType::f32:
      return attend_with_keys<KvF32>(args);
    case DType::f16:
      return attend_with_keys<KvF16>(args);
    case DType::q8_0:
      return attend_with_keys<KvQ8_0>(args);
    default:
      return attend_with_keys<KvQ4_0>(args);
  }
}

}  // namespace cria::kernels::scalar
