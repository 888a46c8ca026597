#include "ops/attention.h"

#include <algorithm>

namespace cria::ops {

void attention(const Compute& compute, const KvPool& pool, const AttentionArgs& args) {
  const KvShape& shape = pool.shape();
  const int64_t group = args.n_heads / shape.n_kv_heads;
  const auto run = [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t i_row = i / shape.n_kv_heads;
      const int h = static_cast<int>(i % shape.n_kv_heads);
      const BatchRow& row = args.rows[static_cast<size_t>(i_row)];
      const int64_t n_seen = row.position + 1;
      const int64_t first = args.window > 0 ? std::max<int64_t>(0, n_seen - args.window) : 0;
      const int64_t q_offset = (i_row * args.n_heads + h * group) * shape.head_dim;
      compute.kernels.attend({.q = args.q + q_offset,
                              .n_heads = group,
                              .head_dim = shape.head_dim,
                              .pages = row.pages,
                              .k = pool.keys(args.i_layer, h),
                              .v = pool.values(args.i_layer, h),
                              .first = first,
                              .n_positions = n_seen - first,
                              .scale = args.scale,
                              .out = args.out + q_offset});
    }
  };
  int64_t longest = 1;
  for (const BatchRow& row : args.rows) longest = std::max(longest, row.position + 1);
  // A claim is worth some multiply-adds: short contexts of small models stay on one thread.
  constexpr int64_t kMinClaimWork = 1 << 17;
  const int64_t work_per_item = 2 * group * shape.head_dim * longest;
  compute.pool.for_each(static_cast<int64_t>(args.rows.size()) * shape.n_kv_heads,
                        std::max<int64_t>(1, kMinClaimWork / work_per_item), run);
}

}  // namespace cria::ops
