// Attention of a flat batch: rows of several sequences, each over its own pages.
#pragma once

#include <cstdint>
#include <span>

#include "ops/kv_pool.h"

namespace cria::ops {

// Causal attention with grouped queries (Ainslie et al. 2023): a row sees the stored positions of
// its sequence up to its own, the last `window` of them where window > 0. What the batch itself has
// stored is read back from the cache, as decode will read it, so that chunks change no bit.
// Shapes    q, out [rows.size(), n_heads, head_dim]
// Requires  keys and values of all rows are stored; n_heads a multiple of n_kv_heads
struct AttentionArgs {
  const float* q;
  std::span<const BatchRow> rows;
  int64_t n_heads;
  int i_layer;
  int64_t window;
  float scale;
  float* out;
};
void attention(const Compute& compute, const KvPool& pool, const AttentionArgs& args);

}  // namespace cria::ops
