#include "gemm/policy.h"

#include <algorithm>

#include "base/str_cat.h"

namespace cria::gemm {
namespace {

using kernels::PackedKernel;
using kernels::PackedType;

// Rows of A of one block of k that stay in a second-level cache beside a panel's part: fewer would
// stream B more often.
constexpr int64_t kLhsBlockBytes = 256 << 10;
// Longer blocks of k leave too few of those rows.
constexpr int64_t kMostBlockK = 1024;
// Bytes of B that one claim of work streams: long enough to hide the claim, short enough to even
// out slow cores.
constexpr int64_t kClaimBytes = 64 << 10;
constexpr int64_t kClaimsPerThread = 4;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t unit) { return ceil_div(a, unit) * unit; }

int64_t most_rows(const PackedKernel& kernel) { return kernel.tiles[kernel.n_tiles - 1].max_rows; }

bool is_float(PackedType type) { return type <= PackedType::bf16; }

// Parts of k and rows that stay in the caches while several passes of rows go over a panel.
// Integers with sums of A want all of k, and block types unpack a chunk for many rows at once
// anyway.
void set_blocks(const PackedKernel& kernel, PackedType type, const ProductShape& shape,
                Plan& plan) {
  plan.k_block = shape.k;
  plan.m_block = shape.m;
  plan.why_k = "all of k at once";
  const int64_t rows = most_rows(kernel);
  if (shape.m <= rows || !is_float(type)) return;
  const int64_t bytes_per_k =
      std::max<int64_t>(1, kernel.panel_bytes(kernel.k_unit) / kernel.k_unit);
  const int64_t k_block = round_up(
      std::clamp<int64_t>(kernel.block_bytes / bytes_per_k, 64, kMostBlockK), kernel.k_unit);
  if (shape.k > k_block + k_block / 2) {
    plan.k_block = round_up(ceil_div(shape.k, ceil_div(shape.k, k_block)), kernel.k_unit);
    plan.why_k = "several passes of rows: a panel's part of k stays near";
  }
  const int64_t m_block = std::max(rows, kLhsBlockBytes / (plan.k_block * 4) / rows * rows);
  const int64_t n_blocks = ceil_div(shape.m, m_block);
  plan.m_block = std::min(shape.m, round_up(ceil_div(shape.m, n_blocks), rows));
}

// Whether a tile reads rows made ready, of those that take m rows from the tallest one on.
bool uses_groups(const PackedKernel& kernel, int64_t m) {
  if (kernel.group_rows == 0) return false;
  for (int64_t left = std::min(m, most_rows(kernel)); left > 0;) {
    const kernels::Tile& tile = tile_for(kernel, left, 1);
    if (tile.grouped) return true;
    left -= tile.max_rows;
  }
  return false;
}

void set_passes(const PackedKernel& kernel, const ProductShape& shape, Plan& plan) {
  const int64_t rows = most_rows(kernel);
  plan.n_passes = ceil_div(plan.m_block, rows);
  // Groups are cut for the tallest tiles, so those passes have their height; others are as equal as
  // may be.
  plan.grouped = uses_groups(kernel, shape.m);
  plan.rows_per_pass =
      plan.grouped ? std::min(shape.m, rows) : ceil_div(plan.m_block, plan.n_passes);
  plan.why_tile = shape.m <= rows ? "one pass over all rows: each weight is loaded once"
                  : plan.grouped  ? "more rows than one tile holds: passes over whole groups"
                                  : "more rows than one tile holds: passes of equal height";
}

void set_claims(const PackedKernel& kernel, const ProductShape& shape, Plan& plan) {
  const int64_t n_panels = ceil_div(shape.n, kernel.width);
  plan.parallel = shape.n_threads > 1 && shape.m * shape.n * shape.k >= kMinParallelWork;
  plan.panels_per_claim = n_panels;
  plan.why_claim = "one thread";
  if (!plan.parallel) return;
  const int64_t by_bytes = kClaimBytes / std::max<int64_t>(1, kernel.panel_bytes(shape.k));
  const int64_t by_threads = std::max<int64_t>(1, n_panels / (kClaimsPerThread * shape.n_threads));
  const int64_t side_by_side = tile_for(kernel, plan.rows_per_pass, n_panels).panels;
  const int64_t wanted = std::clamp<int64_t>(std::max(by_bytes, side_by_side), 1, by_threads);
  plan.panels_per_claim = by_threads < side_by_side ? wanted : round_up(wanted, side_by_side);
  plan.why_claim = "claimed as threads come free";
}

}  // namespace

Plan plan_product(const PackedKernel& kernel, PackedType type, const ProductShape& shape) {
  Plan plan;
  set_blocks(kernel, type, shape, plan);
  set_passes(kernel, shape, plan);
  set_claims(kernel, shape, plan);
  return plan;
}

const kernels::Tile& tile_for(const PackedKernel& kernel, int64_t n_rows, int64_t n_panels) {
  const kernels::Tile* best = kernel.tiles;
  for (int i = 1; i < kernel.n_tiles; ++i) {
    const kernels::Tile& tile = kernel.tiles[i];
    if (tile.min_rows <= n_rows && tile.panels <= n_panels) best = &tile;
  }
  return *best;
}

int64_t rows_of_tile(const PackedKernel& kernel, const Plan& plan, int64_t m, int64_t row) {
  const int64_t end_of_pass = (row / plan.rows_per_pass + 1) * plan.rows_per_pass;
  const int64_t left = std::min(m, end_of_pass) - row;
  return std::min<int64_t>(tile_for(kernel, left, 1).max_rows, left);
}

std::string explain(const Plan& plan, const PackedKernel& kernel, const ProductShape& shape) {
  const int64_t n_panels = ceil_div(shape.n, kernel.width);
  const kernels::Tile& tile = tile_for(kernel, plan.rows_per_pass, n_panels);
  return str_cat("kernel   ", kernel.isa, ": ", kernel.layout, "; panels of ", kernel.width,
                 " columns, ", kernel.panel_bytes(shape.k), " bytes each, ", n_panels, " of them\n",
                 "tile     ", plan.rows_per_pass, " rows x ", tile.panels * kernel.width,
                 " columns, ", plan.n_passes, plan.n_passes == 1 ? " pass" : " passes",
                 " a block of ", plan.m_block, " rows: ", plan.why_tile, "\n",
                 "k        blocks of ", plan.k_block, ": ", plan.why_k, "\n", "threads  ",
                 plan.parallel ? shape.n_threads : 1, ", ", plan.panels_per_claim,
                 " panels a claim: ", plan.why_claim, "\n");
}

}  // namespace cria::gemm
