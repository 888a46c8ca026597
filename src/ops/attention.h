// The KV cache of one sequence, and attention over it.
#pragma once

#include <cstdint>

#include "base/aligned_buffer.h"
#include "gemm/compute.h"

namespace cria::ops {

struct KvShape {
  int n_layers = 0;
  int n_kv_heads = 0;
  int head_dim = 0;
  int64_t n_ctx = 0;
  DType k_type = DType::f16;  // f16 or f32
  DType v_type = DType::f16;
};

// Keys (already turned by RoPE) and values of every position, [layer][KV head][position][head_dim],
// so that one head's positions are contiguous. Address space is reserved at once; memory is taken
// as positions are written. Owns its memory; thread compatible.
class KvCache {
 public:
  // Errors: out_of_memory with the size.
  static Result<KvCache> create(const KvShape& shape);
  // Bytes that create() would reserve; saturates at UINT64_MAX.
  static uint64_t size_bytes(const KvShape& shape);

  const KvShape& shape() const { return shape_; }
  uint64_t size_bytes() const { return keys_.size_bytes() + values_.size_bytes(); }

  // Stores n_tokens rows at positions first_position, ...: k, v [n_tokens, n_kv_heads, head_dim].
  // Requires: first_position + n_tokens <= n_ctx.
  void store(const Compute& compute, int i_layer, int64_t first_position, int64_t n_tokens,
             const float* k, const float* v);

  const std::byte* keys(int i_layer, int i_kv_head) const;
  const std::byte* values(int i_layer, int i_kv_head) const;
  int64_t key_row_bytes() const { return row_bytes(shape_.k_type); }
  int64_t value_row_bytes() const { return row_bytes(shape_.v_type); }

 private:
  int64_t row_bytes(DType dtype) const;
  uint64_t head_offset(int i_layer, int i_kv_head, int64_t row) const;

  KvShape shape_;
  AlignedBuffer keys_;
  AlignedBuffer values_;
};

// Causal attention with grouped queries (Ainslie et al. 2023): token t stands at position
// first_position + t and sees the stored positions up to its own, the last `window` of them where
// window > 0. Its own chunk is read back from the cache, as decode will read it, so that chunks
// change no bit.
// Shapes    q, out [n_tokens, n_heads, head_dim]
// Requires  the chunk is stored; n_heads a multiple of n_kv_heads; k_type == v_type
struct AttentionArgs {
  const float* q;
  int64_t n_tokens;
  int64_t n_heads;
  int i_layer;
  int64_t first_position;
  int64_t window;
  float scale;
  float* out;
};
void attention(const Compute& compute, const KvCache& cache, const AttentionArgs& args);

}  // namespace cria::ops
