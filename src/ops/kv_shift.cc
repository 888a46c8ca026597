#include "ops/kv_shift.h"

#include <vector>

#include "tensor/blocks.h"

namespace cria::ops {
namespace {

const std::byte* row_at(const kernels::KvRows& rows, const int32_t* pages, int64_t position) {
  return rows.base + pages[position / kKvPage] * rows.page_bytes +
         position % kKvPage * rows.row_bytes;
}

}  // namespace

void move_back(const Compute& compute, KvPool& pool, const RopeFrequencies& frequencies,
               const int32_t* from, const int32_t* to, int64_t first, int64_t end, int64_t n_back) {
  const KvShape& shape = pool.shape();
  std::vector<float> cos_sin(static_cast<size_t>(frequencies.n_pairs()) * 2);
  frequencies.fill_turn(-n_back, cos_sin.data());
  const auto move_head = [&](int i_layer, int i_head) {
    std::vector<float> key(static_cast<size_t>(shape.head_dim));
    const kernels::KvRows keys = pool.keys(i_layer, i_head), values = pool.values(i_layer, i_head);
    for (int64_t p = first; p < end; ++p) {
      dequantize_row(keys.type, row_at(keys, from, p), shape.head_dim, key.data());
      turn_head(frequencies, cos_sin.data(), key.data());
      pool.store_row(compute, keys, {to, p - n_back}, key.data());
      if (from == to) pool.move_row(values, {from, p}, {to, p - n_back});
    }
  };
  compute.pool.for_each(static_cast<int64_t>(shape.n_layers) * shape.n_kv_heads, 1,
                        [&](int64_t begin, int64_t stop, int) {
                          for (int64_t i = begin; i < stop; ++i) {
                            move_head(static_cast<int>(i / shape.n_kv_heads),
                                      static_cast<int>(i % shape.n_kv_heads));
                          }
                        });
}

}  // namespace cria::ops
