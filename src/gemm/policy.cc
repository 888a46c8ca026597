#include "gemm/policy.h"

#include <algorithm>

#include "base/str_cat.h"

namespace cria::gemm {
namespace {

using kernels::PackedKernel;
using kernels::PackedType;

// A panel's share of k that stays near, in the first- and second-level cache, while several passes go
// over it. Shorter parts would load and store C more often (measured on Zen 3: 16 KB 5 % slower).
constexpr int64_t kPanelBlockBytes = 32 << 10;
// Rows of A of one block of k that stay in a second-level cache of 256 KB and more.
constexpr int64_t kLhsBlockBytes = 128 << 10;
// Bytes of B that one claim of work streams: long enough to hide the claim, short enough to even
// out slow cores.
constexpr int64_t kClaimBytes = 64 << 10;
constexpr int64_t kClaimsPerThread = 4;
// Multiply-adds under which waking another thread costs more than it saves (a few microseconds).
constexpr int64_t kMinParallelWork = 1 << 16;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t unit) { return ceil_div(a, unit) * unit; }

int64_t most_rows(const PackedKernel& kernel) { return kernel.tiles[kernel.n_tiles - 1].max_rows; }

bool is_float(PackedType type) { return type <= PackedType::bf16; }

}  // namespace

Plan plan_product(const PackedKernel& kernel, PackedType type, const ProductShape& shape) {
  Plan plan;
  plan.k_block = shape.k;
  plan.m_block = shape.m;
  plan.why_k = "all of k at once";
  const int64_t bytes_per_k =
      std::max<int64_t>(1, kernel.panel_bytes(kernel.k_unit) / kernel.k_unit);
  const bool one_pass = shape.m <= most_rows(kernel);
  // Integers with sums of A want all of k; block types unpack a chunk for many rows anyway.
  if (!one_pass && is_float(type)) {
    const int64_t k_block =
        round_up(std::max<int64_t>(kPanelBlockBytes / bytes_per_k, 64), kernel.k_unit);
    if (shape.k > k_block + k_block / 2) {
      plan.k_block = round_up(ceil_div(shape.k, ceil_div(shape.k, k_block)), kernel.k_unit);
      plan.why_k = "several passes of rows: a panel's part of k stays in the first-level cache";
    }
    const int64_t m_block = kLhsBlockBytes / (plan.k_block * 4);
    plan.m_block = std::min(
        shape.m, std::max(most_rows(kernel), m_block / most_rows(kernel) * most_rows(kernel)));
  }
  plan.n_passes = ceil_div(plan.m_block, most_rows(kernel));
  plan.rows_per_pass = ceil_div(plan.m_block, plan.n_passes);
  plan.why_tile = one_pass ? "one tile holds all rows: each weight is loaded once"
                           : "more rows than one tile holds: passes of equal height";

  const int64_t n_panels = ceil_div(shape.n, kernel.width);
  plan.parallel = shape.n_threads > 1 && shape.m * shape.n * shape.k >= kMinParallelWork;
  const int64_t by_bytes =
      std::max<int64_t>(1, kClaimBytes / std::max<int64_t>(1, kernel.panel_bytes(shape.k)));
  const int64_t by_threads = std::max<int64_t>(1, n_panels / (kClaimsPerThread * shape.n_threads));
  const int64_t side_by_side = tile_for(kernel, plan.rows_per_pass, n_panels).panels;
  plan.panels_per_claim =
      plan.parallel
          ? round_up(std::max<int64_t>(1, std::min(std::max(by_bytes, side_by_side), by_threads)),
                     by_threads >= side_by_side ? side_by_side : 1)
          : n_panels;
  plan.why_claim = plan.parallel ? "claimed as threads come free" : "one thread";
  return plan;
}

const kernels::Tile& tile_for(const PackedKernel& kernel, int64_t n_rows, int64_t n_panels) {
  const kernels::Tile* best = nullptr;
  for (int i = 0; i < kernel.n_tiles; ++i) {
    const kernels::Tile& tile = kernel.tiles[i];
    if (n_rows < tile.min_rows || n_rows > tile.max_rows || tile.panels > n_panels) continue;
    if (best == nullptr || tile.panels > best->panels) best = &tile;
  }
  return *best;
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
