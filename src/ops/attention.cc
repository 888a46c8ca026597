#include "ops/attention.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"

namespace cria::ops {
namespace {

uint64_t elem_bytes(DType dtype) { return dtype == DType::f16 ? 2 : 4; }

uint64_t plane_bytes(const KvShape& shape, DType dtype) {
  uint64_t bytes = elem_bytes(dtype);
  for (const int64_t factor :
       {static_cast<int64_t>(shape.n_layers), static_cast<int64_t>(shape.n_kv_heads),
        static_cast<int64_t>(shape.head_dim), shape.n_ctx}) {
    const auto product = checked_mul(bytes, static_cast<uint64_t>(factor));
    if (!product) return UINT64_MAX;
    bytes = *product;
  }
  return bytes;
}

}  // namespace

uint64_t KvCache::size_bytes(const KvShape& shape) {
  const auto total =
      checked_add(plane_bytes(shape, shape.k_type), plane_bytes(shape, shape.v_type));
  return total ? *total : UINT64_MAX;
}

Result<KvCache> KvCache::create(const KvShape& shape) {
  KvCache cache;
  cache.shape_ = shape;
  const auto plane = [&](DType dtype) {
    return AlignedBuffer::allocate_sparse(
        plane_bytes(shape, dtype), str_cat("half of a KV cache of ", size_bytes(shape),
                                           " bytes (a context of ", shape.n_ctx, " tokens)"));
  };
  auto keys = plane(shape.k_type);
  if (!keys.ok()) return keys.status();
  auto values = plane(shape.v_type);
  if (!values.ok()) return values.status();
  cache.keys_ = std::move(*keys);
  cache.values_ = std::move(*values);
  return cache;
}

int64_t KvCache::row_bytes(DType dtype) const {
  return shape_.head_dim * static_cast<int64_t>(elem_bytes(dtype));
}

uint64_t KvCache::head_offset(int i_layer, int i_kv_head, int64_t row) const {
  const int64_t i_head = static_cast<int64_t>(i_layer) * shape_.n_kv_heads + i_kv_head;
  return static_cast<uint64_t>(i_head * shape_.n_ctx * row);
}

const std::byte* KvCache::keys(int i_layer, int i_kv_head) const {
  return keys_.data() + head_offset(i_layer, i_kv_head, key_row_bytes());
}

const std::byte* KvCache::values(int i_layer, int i_kv_head) const {
  return values_.data() + head_offset(i_layer, i_kv_head, value_row_bytes());
}

void KvCache::store(const Compute& compute, int i_layer, int64_t first_position, int64_t n_tokens,
                    const float* k, const float* v) {
  const auto store_plane = [&](AlignedBuffer& plane, DType dtype, const float* x, int64_t begin,
                               int64_t end) {
    const int64_t row = row_bytes(dtype);
    for (int64_t t = begin; t < end; ++t) {
      for (int h = 0; h < shape_.n_kv_heads; ++h) {
        const float* source = x + (t * shape_.n_kv_heads + h) * shape_.head_dim;
        std::byte* target =
            plane.data() + head_offset(i_layer, h, row) + (first_position + t) * row;
        if (dtype == DType::f16) {
          compute.kernels.store_f16(source, shape_.head_dim, reinterpret_cast<uint16_t*>(target));
        } else {
          std::memcpy(target, source, static_cast<size_t>(row));
        }
      }
    }
  };
  compute.pool.for_each(n_tokens, 16, [&](int64_t begin, int64_t end, int) {
    store_plane(keys_, shape_.k_type, k, begin, end);
    store_plane(values_, shape_.v_type, v, begin, end);
  });
}

void attention(const Compute& compute, const KvCache& cache, const AttentionArgs& args) {
  const KvShape& shape = cache.shape();
  const int64_t group = args.n_heads / shape.n_kv_heads;
  const auto attend =
      shape.k_type == DType::f16 ? compute.kernels.attend_f16 : compute.kernels.attend_f32;
  const auto run = [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t t = i / shape.n_kv_heads;
      const int h = static_cast<int>(i % shape.n_kv_heads);
      const int64_t n_seen = args.first_position + t + 1;
      const int64_t first = args.window > 0 ? std::max<int64_t>(0, n_seen - args.window) : 0;
      const int64_t q_offset = (t * args.n_heads + h * group) * shape.head_dim;
      attend({.q = args.q + q_offset,
              .n_heads = group,
              .head_dim = shape.head_dim,
              .k = cache.keys(args.i_layer, h) + first * cache.key_row_bytes(),
              .k_row_bytes = cache.key_row_bytes(),
              .v = cache.values(args.i_layer, h) + first * cache.value_row_bytes(),
              .v_row_bytes = cache.value_row_bytes(),
              .n_positions = n_seen - first,
              .scale = args.scale,
              .out = args.out + q_offset});
    }
  };
  // A claim is worth some multiply-adds: short contexts of small models stay on one thread.
  constexpr int64_t kMinClaimWork = 1 << 15;
  const int64_t work_per_item = 2 * group * shape.head_dim * (args.first_position + args.n_tokens);
  compute.pool.for_each(args.n_tokens * shape.n_kv_heads,
                        std::max<int64_t>(1, kMinClaimWork / work_per_item), run);
}

}  // namespace cria::ops
