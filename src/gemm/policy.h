// The shape policy: which tile, blocking and split of work a product gets. One function of sizes
// and kernel; everything that it decides can be printed (explain) and changes no bit of the result.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/packed.h"

namespace cria::gemm {

// Multiply-adds under which waking another thread costs more than it saves (a few microseconds).
constexpr int64_t kMinParallelWork = 1 << 18;

// Sizes of parts of scratch memory: no two parts share a cache line.
inline int64_t whole_lines(int64_t bytes) { return (bytes + 63) / 64 * 64; }

struct ProductShape {
  int64_t m = 0;  // rows of A and C
  int64_t n = 0;  // columns of B and C
  int64_t k = 0;
  int n_threads = 1;
};

struct Plan {
  int64_t n_passes = 1;       // over a panel: tiles of rows, as equal as may be
  int64_t rows_per_pass = 1;  // in the first passes; the last may have fewer
  int64_t m_block = 1;        // rows that go through all of k before the next ones
  int64_t k_block = 1;        // k that goes through all rows of a block before the next
  int64_t panels_per_claim = 1;
  bool parallel = false;
  bool grouped = false;  // some tiles read rows that were made ready beforehand
  const char* why_tile = "";
  const char* why_k = "";
  const char* why_claim = "";
};

// Requires  sizes above 0
Plan plan_product(const kernels::PackedKernel& kernel, kernels::PackedType type,
                  const ProductShape& shape);

// The tile for the most of n_rows rows, and of those the widest of at most n_panels panels. Where
// the kernel has none for just n_rows it takes fewer, and the rest comes after.
const kernels::Tile& tile_for(const kernels::PackedKernel& kernel, int64_t n_rows,
                              int64_t n_panels);

// Where the plan is grouped: how many rows from `row` on, of m in all, the next tile takes.
int64_t rows_of_tile(const kernels::PackedKernel& kernel, const Plan& plan, int64_t m, int64_t row);

// The plan as lines for people.
std::string explain(const Plan& plan, const kernels::PackedKernel& kernel,
                    const ProductShape& shape);

}  // namespace cria::gemm
