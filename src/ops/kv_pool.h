// Memory for the keys and values of many sequences, in pages.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "gemm/compute.h"

namespace cria::ops {

inline constexpr int64_t kKvPage = kernels::kKvPage;  // positions of a page

// Where a row of a batch belongs.
struct BatchRow {
  const int32_t* pages = nullptr;  // of its sequence: of all positions up to this row's
  int64_t position = 0;
};

struct KvShape {
  int n_layers = 0;
  int n_kv_heads = 0;
  int head_dim = 0;
  DType k_type = DType::f16;  // f32, f16, q8_0 or q4_0
  DType v_type = DType::f16;
};

// Errors: invalid_argument where a type cannot hold heads of this size.
Status check(const KvShape& shape);

// A page holds kKvPage positions of one sequence, for all layers: per layer the keys (already
// turned by RoPE) and then the values, [KV head][position][head_dim]. Pages are counted references,
// so that sequences share what they have in common; a page is written by whoever is the only one to
// hold it. Address space is reserved at once; memory is taken as pages are written. Owns its
// memory; thread compatible. Source: Kwon et al. 2023, "Efficient memory management for large
// language model serving with PagedAttention".
class KvPool {
 public:
  // Errors: out_of_memory with the size.
  static Result<KvPool> create(const KvShape& shape, int64_t n_pages);
  // Bytes of one page, and of as many as n_tokens need; both saturate at UINT64_MAX.
  static uint64_t page_bytes(const KvShape& shape);
  static uint64_t bytes_for(const KvShape& shape, int64_t n_tokens);
  static int64_t token_bytes(const KvShape& shape);  // of keys and values, without padding
  static int64_t pages_for(int64_t n_tokens) { return (n_tokens + kKvPage - 1) / kKvPage; }

  const KvShape& shape() const { return shape_; }
  uint64_t size_bytes() const { return memory_.size_bytes(); }
  uint64_t page_bytes() const { return page_bytes_; }
  int64_t n_pages() const { return static_cast<int64_t>(references_.size()); }
  int64_t n_free() const { return static_cast<int64_t>(free_.size()); }

  // A page with one reference, or -1 where none is left. No allocation, no system call.
  int32_t take();
  void retain(int32_t page) { ++references_[static_cast<size_t>(page)]; }
  void release(int32_t page);
  int n_references(int32_t page) const { return references_[static_cast<size_t>(page)]; }
  // Gives the memory of free pages back to the system.
  void trim();

  // The first n_rows positions of every layer.
  void copy(int32_t from, int32_t to, int64_t n_rows);
  std::span<std::byte> bytes(int32_t page);

  // Stores each row where it belongs: k, v [rows.size(), n_kv_heads, head_dim].
  void store(const Compute& compute, int i_layer, std::span<const BatchRow> rows, const float* k,
             const float* v);

  kernels::KvRows keys(int i_layer, int i_kv_head) const;
  kernels::KvRows values(int i_layer, int i_kv_head) const;
  // One row of keys() or values(): x [head_dim]; or as it stands elsewhere.
  void store_row(const Compute& compute, const kernels::KvRows& at, const BatchRow& row,
                 const float* x);
  void move_row(const kernels::KvRows& at, const BatchRow& from, const BatchRow& to);

 private:
  uint64_t head_bytes(DType type) const;
  kernels::KvRows rows(DType type, uint64_t offset) const;

  KvShape shape_;
  uint64_t page_bytes_ = 0, layer_bytes_ = 0, values_offset_ = 0;
  AlignedBuffer memory_;
  std::vector<int32_t> references_;
  std::vector<int32_t> free_;     // the next one last
  std::vector<uint8_t> touched_;  // since it was last given back
};

}  // namespace cria::ops
