#include "ops/elementwise.h"

#include <algorithm>
#include <cstring>

#include "tensor/blocks.h"

namespace cria::ops {
namespace {

// Elements that a thread claims at once in loops that only stream.
constexpr int64_t kGrainElems = 8192;

// Element i of row i_row of a grouped_i8 matrix, for whole rows.
void dequantize_grouped_row(const TensorView& table, int64_t i_row, float* out) {
  const int64_t first = i_row * table.n_cols();
  for (int64_t c = 0; c < table.n_cols(); ++c) {
    float scale;
    std::memcpy(&scale, table.scales + (first + c) / table.group_size * 4, sizeof scale);
    out[c] = static_cast<float>(static_cast<int8_t>(table.data[first + c])) * scale;
  }
}

// A row as it is, out of memory.
void embed_row(const TensorView& table, int64_t i_row, float* out) {
  if (table.dtype == DType::grouped_i8) return dequantize_grouped_row(table, i_row, out);
  dequantize_row(table.dtype, table.row(i_row), table.n_cols(), out);
}

// A row out of the file, in pieces of whole blocks.
void embed_row(const EmbeddingTable& table, int64_t i_row, float* out) {
  const DTypeInfo& type = dtype_info(table.dtype);
  const bool in_memory = table.file == nullptr || table.dtype == DType::grouped_i8;
  if (in_memory) return embed_row(static_cast<const TensorView&>(table), i_row, out);
  std::byte piece[8192];
  const auto row = static_cast<uint64_t>(i_row) * table.row_bytes();
  const int64_t n_piece = static_cast<int64_t>(sizeof piece / type.block_bytes) * type.block_elems;
  for (int64_t c = 0; c < table.n_cols(); c += n_piece) {
    const int64_t n = std::min(n_piece, table.n_cols() - c);
    const auto at = static_cast<uint64_t>(c / type.block_elems) * type.block_bytes;
    const auto n_bytes = static_cast<size_t>(n / type.block_elems) * type.block_bytes;
    const bool read = table.file->read_at(table.file_offset + row + at, n_bytes, piece);
    dequantize_row(table.dtype, read ? piece : table.data + row + at, n, out + c);
  }
}

template <typename Table>  // TensorView, EmbeddingTable
void embed_rows(const Compute& compute, const Table& table, std::span<const int32_t> tokens,
                float* out) {
  const int64_t d = table.n_cols();
  compute.pool.for_each(static_cast<int64_t>(tokens.size()), 16,
                        [&](int64_t begin, int64_t end, int) {
                          for (int64_t t = begin; t < end; ++t) {
                            embed_row(table, tokens[static_cast<size_t>(t)], out + t * d);
                          }
                        });
}

}  // namespace

void embed(const Compute& compute, const TensorView& table, std::span<const int32_t> tokens,
           float* out) {
  embed_rows(compute, table, tokens, out);
}

void embed(const Compute& compute, const EmbeddingTable& table, std::span<const int32_t> tokens,
           float* out) {
  embed_rows(compute, table, tokens, out);
}

void rms_norm(const Compute& compute, const float* x, int64_t n_rows, int64_t n_cols,
              const float* weight, float eps, float* out) {
  const auto normalise = [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      compute.kernels.rms_norm(x + r * n_cols, weight, n_cols, eps, out + r * n_cols);
    }
  };
  compute.pool.for_each(n_rows, std::max<int64_t>(1, kGrainElems / n_cols), normalise);
}

void add(const Compute& compute, float* x, const float* y, int64_t n) {
  const auto add_range = [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) x[i] += y[i];
  };
  compute.pool.for_each(n, kGrainElems, add_range);
}

void swiglu(const Compute& compute, const float* gate, const float* up, int64_t n, float* out) {
  // Ranges begin at multiples of the grain, so vector tails never depend on the threads.
  const auto run = [&](int64_t begin, int64_t end, int) {
    compute.kernels.swiglu(gate + begin, up + begin, end - begin, out + begin);
  };
  compute.pool.for_each(n, kGrainElems, run);
}

}  // namespace cria::ops
