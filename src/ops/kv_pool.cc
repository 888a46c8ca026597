#include "ops/kv_pool.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "tensor/blocks.h"
#include "tensor/half.h"

namespace cria::ops {
namespace {

// Planes begin at cache lines, pages where the system's do, so that they can be given back.
constexpr uint64_t kLine = 64, kSystemPage = 4096;

uint64_t row_bytes_of(const KvShape& shape, DType type) {
  return row_bytes(type, static_cast<uint64_t>(shape.head_dim)).value_or(0);
}

std::optional<uint64_t> rounded_up(std::optional<uint64_t> bytes, uint64_t unit) {
  return bytes ? checked_align_up(*bytes, unit) : std::nullopt;
}

std::optional<uint64_t> plane_bytes(const KvShape& shape, DType type) {
  const auto rows =
      checked_mul(static_cast<uint64_t>(kKvPage), static_cast<uint64_t>(shape.n_kv_heads));
  return rounded_up(rows ? checked_mul(*rows, row_bytes_of(shape, type)) : std::nullopt, kLine);
}

std::optional<uint64_t> layer_bytes(const KvShape& shape) {
  const auto keys = plane_bytes(shape, shape.k_type), values = plane_bytes(shape, shape.v_type);
  return keys && values ? checked_add(*keys, *values) : std::nullopt;
}

// Rows of the cache are written at every token, so their scales are the plain ones and not searched
// for as those of weights are. x that is not finite makes its block's scale NaN: it is not lost.
void store_q8_0(const float* x, int64_t n, std::byte* out) {
  for (int64_t i = 0; i < n; i += 32, out += sizeof(BlockQ8_0)) {
    float largest = 0, sum = 0;
    for (int j = 0; j < 32; ++j) {
      largest = std::max(largest, std::abs(x[i + j]));
      sum += x[i + j] * 0;  // 0, or NaN
    }
    const float scale = largest / 127;
    const float inverse = scale > 0 && sum == 0 ? 1 / scale : 0;
    BlockQ8_0 block;
    block.d = f32_to_f16(scale + sum);
    for (int j = 0; j < 32; ++j) {
      block.qs[j] = static_cast<int8_t>(std::lrintf(inverse == 0 ? 0 : x[i + j] * inverse));
    }
    std::memcpy(out, &block, sizeof block);
  }
}

// The value of the largest magnitude becomes -8, which has no counterpart.
void store_q4_0(const float* x, int64_t n, std::byte* out) {
  for (int64_t i = 0; i < n; i += 32, out += sizeof(BlockQ4_0)) {
    float low = 0, high = 0, sum = 0;
    for (int j = 0; j < 32; ++j) {
      low = std::min(low, x[i + j]);
      high = std::max(high, x[i + j]);
      sum += x[i + j] * 0;
    }
    const float scale = (high > -low ? high : low) / -8;
    const float inverse = scale != 0 && sum == 0 ? 1 / scale : 0;
    BlockQ4_0 block;
    block.d = f32_to_f16(scale + sum);
    const auto quantized = [&](float value) {
      return std::min(15, static_cast<int>((inverse == 0 ? 0 : value * inverse) + 8.5f));
    };
    for (int j = 0; j < 16; ++j) {
      block.qs[j] = static_cast<uint8_t>(quantized(x[i + j]) | quantized(x[i + 16 + j]) << 4);
    }
    std::memcpy(out, &block, sizeof block);
  }
}

Status check_type(const KvShape& shape, const char* field, DType type) {
  if (type == DType::f32 || type == DType::f16) return {};
  if (type != DType::q8_0 && type != DType::q4_0) {
    return invalid_argument(field, ": found ", dtype_info(type).name,
                            ", expected f32, f16, q8_0 or q4_0");
  }
  if (shape.head_dim % 32 == 0 && shape.head_dim <= kernels::kMaxQuantizedHeadDim) return {};
  return invalid_argument(field, ": ", dtype_info(type).name,
                          " holds heads of a multiple of 32 up to ", kernels::kMaxQuantizedHeadDim,
                          " elements, this model's have ", shape.head_dim, "; use f16");
}

}  // namespace

Status check(const KvShape& shape) {
  CRIA_RETURN_IF_ERROR(check_type(shape, "k_type", shape.k_type));
  return check_type(shape, "v_type", shape.v_type);
}

uint64_t KvPool::page_bytes(const KvShape& shape) {
  const auto layer = layer_bytes(shape);
  const auto page = layer ? checked_mul(*layer, static_cast<uint64_t>(shape.n_layers)) : layer;
  return rounded_up(page, kSystemPage).value_or(UINT64_MAX);
}

uint64_t KvPool::bytes_for(const KvShape& shape, int64_t n_tokens) {
  return checked_mul(page_bytes(shape), static_cast<uint64_t>(pages_for(n_tokens)))
      .value_or(UINT64_MAX);
}

int64_t KvPool::token_bytes(const KvShape& shape) {
  return static_cast<int64_t>(row_bytes_of(shape, shape.k_type) +
                              row_bytes_of(shape, shape.v_type)) *
         shape.n_kv_heads * shape.n_layers;
}

Result<KvPool> KvPool::create(const KvShape& shape, int64_t n_pages) {
  KvPool pool;
  pool.shape_ = shape;
  pool.page_bytes_ = page_bytes(shape);
  const uint64_t bytes = bytes_for(shape, n_pages * kKvPage);
  auto memory = AlignedBuffer::allocate_sparse(
      bytes,
      str_cat("a KV cache of ", bytes, " bytes (a context of ", n_pages * kKvPage, " tokens)"));
  if (!memory.ok()) return memory.status();
  pool.memory_ = std::move(*memory);
  pool.layer_bytes_ = *layer_bytes(shape);
  pool.values_offset_ = *plane_bytes(shape, shape.k_type);
  pool.references_.resize(static_cast<size_t>(n_pages));
  pool.touched_.resize(static_cast<size_t>(n_pages));
  pool.free_.reserve(static_cast<size_t>(n_pages));
  for (int64_t page = n_pages; page-- > 0;) pool.free_.push_back(static_cast<int32_t>(page));
  return pool;
}

int32_t KvPool::take() {
  if (free_.empty()) return -1;
  const int32_t page = free_.back();
  free_.pop_back();
  references_[static_cast<size_t>(page)] = 1;
  touched_[static_cast<size_t>(page)] = 1;
  return page;
}

void KvPool::release(int32_t page) {
  if (--references_[static_cast<size_t>(page)] == 0) free_.push_back(page);
}

void KvPool::trim() {
  for (const int32_t page : free_) {
    uint8_t& touched = touched_[static_cast<size_t>(page)];
    if (touched != 0) memory_.discard(static_cast<uint64_t>(page) * page_bytes_, page_bytes_);
    touched = 0;
  }
}

std::span<std::byte> KvPool::bytes(int32_t page) {
  return {memory_.data() + static_cast<uint64_t>(page) * page_bytes_,
          static_cast<size_t>(page_bytes_)};
}

uint64_t KvPool::head_bytes(DType type) const {
  return static_cast<uint64_t>(kKvPage) * row_bytes_of(shape_, type);
}

void KvPool::copy(int32_t from, int32_t to, int64_t n_rows) {
  if (n_rows == 0) return;
  const std::byte* source = bytes(from).data();
  std::byte* target = bytes(to).data();
  for (int i = 0; i < shape_.n_layers; ++i) {
    for (const DType* type : {&shape_.k_type, &shape_.v_type}) {
      const uint64_t plane =
          static_cast<uint64_t>(i) * layer_bytes_ + (type == &shape_.v_type ? values_offset_ : 0);
      for (int h = 0; h < shape_.n_kv_heads; ++h) {
        const uint64_t at = plane + static_cast<uint64_t>(h) * head_bytes(*type);
        std::memcpy(target + at, source + at,
                    static_cast<size_t>(n_rows) * row_bytes_of(shape_, *type));
      }
    }
  }
}

kernels::KvRows KvPool::rows(DType type, uint64_t offset) const {
  return {.type = type,
          .base = memory_.data() + offset,
          .page_bytes = static_cast<int64_t>(page_bytes_),
          .row_bytes = static_cast<int64_t>(row_bytes_of(shape_, type))};
}

kernels::KvRows KvPool::keys(int i_layer, int i_kv_head) const {
  return rows(shape_.k_type, static_cast<uint64_t>(i_layer) * layer_bytes_ +
                                 static_cast<uint64_t>(i_kv_head) * head_bytes(shape_.k_type));
}

kernels::KvRows KvPool::values(int i_layer, int i_kv_head) const {
  return rows(shape_.v_type, static_cast<uint64_t>(i_layer) * layer_bytes_ + values_offset_ +
                                 static_cast<uint64_t>(i_kv_head) * head_bytes(shape_.v_type));
}

void KvPool::store_row(const Compute& compute, const kernels::KvRows& at, const BatchRow& row,
                       const float* x) {
  std::byte* out = memory_.data() + (at.base - memory_.data()) +
                   row.pages[row.position / kKvPage] * at.page_bytes +
                   row.position % kKvPage * at.row_bytes;
  if (at.type == DType::f16) {
    compute.kernels.store_f16(x, shape_.head_dim, reinterpret_cast<uint16_t*>(out));
  } else if (at.type == DType::f32) {
    std::memcpy(out, x, static_cast<size_t>(at.row_bytes));
  } else if (at.type == DType::q8_0) {
    store_q8_0(x, shape_.head_dim, out);
  } else {
    store_q4_0(x, shape_.head_dim, out);
  }
}

void KvPool::move_row(const kernels::KvRows& at, const BatchRow& from, const BatchRow& to) {
  const auto offset = [&](const BatchRow& row) {
    return (at.base - memory_.data()) + row.pages[row.position / kKvPage] * at.page_bytes +
           row.position % kKvPage * at.row_bytes;
  };
  std::memcpy(memory_.data() + offset(to), memory_.data() + offset(from),
              static_cast<size_t>(at.row_bytes));
}

void KvPool::store(const Compute& compute, int i_layer, std::span<const BatchRow> rows,
                   const float* k, const float* v) {
  compute.pool.for_each(
      static_cast<int64_t>(rows.size()), 16, [&](int64_t begin, int64_t end, int) {
        for (int h = 0; h < shape_.n_kv_heads; ++h) {
          const kernels::KvRows key_rows = keys(i_layer, h), value_rows = values(i_layer, h);
          for (int64_t t = begin; t < end; ++t) {
            const BatchRow& row = rows[static_cast<size_t>(t)];
            const int64_t at = (t * shape_.n_kv_heads + h) * shape_.head_dim;
            store_row(compute, key_rows, row, k + at);
            store_row(compute, value_rows, row, v + at);
          }
        }
      });
}

}  // namespace cria::ops
