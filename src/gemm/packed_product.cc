#include "gemm/packed_product.h"

#include <algorithm>

namespace cria::gemm {
namespace {

// A claim of work: some panels, all rows.
class Claim {
 public:
  Claim(const PackedProduct& product, const Plan& plan, int64_t first_panel, int64_t end_panel,
        std::byte* scratch)
      : p_(product),
        plan_(plan),
        kernel_(*product.kernel),
        first_panel_(first_panel),
        end_panel_(end_panel),
        panel_bytes_(kernel_.panel_bytes(product.shape.k)),
        in_c_(product.out.sums_in_c()),
        sums_(scratch),
        sums_stride_(plan.panels_per_claim * kernel_.width) {
    panels_ =
        product.panels == nullptr ? pack_own(scratch) : product.panels + first_panel * panel_bytes_;
  }

  static int64_t sums_bytes(const PackedProduct& product, const Plan& plan) {
    if (product.out.sums_in_c()) return 0;
    return whole_lines(plan.m_block * plan.panels_per_claim * product.kernel->width * 4);
  }
  static int64_t pack_bytes(const PackedProduct& product, const Plan& plan) {
    if (product.panels != nullptr) return 0;
    return whole_lines(plan.panels_per_claim * product.kernel->panel_bytes(product.shape.k));
  }

  void run() {
    for (int64_t m = 0; m < p_.shape.m; m += plan_.m_block) {
      const int64_t n_rows = std::min(plan_.m_block, p_.shape.m - m);
      for (int64_t k = 0; k < p_.shape.k; k += plan_.k_block) run_block(m, n_rows, k);
      finish_block(m, n_rows);
    }
  }

 private:
  void finish_block(int64_t m, int64_t n_rows) {
    const int64_t first = column(first_panel_);
    if (!in_c_) return finish(p_.out, sums_, sums_stride_, m, first, n_rows, n_cols());
    if (!p_.out.has_rest()) return;
    const int64_t stride = p_.out.c_stride;
    finish(p_.out, p_.out.c + (m * stride + first) * 4, stride, m, first, n_rows, n_cols());
  }

  int64_t column(int64_t panel) const { return panel * kernel_.width; }
  int64_t n_cols() const { return std::min(column(end_panel_), p_.shape.n) - column(first_panel_); }

  const std::byte* pack_own(std::byte* scratch) {
    std::byte* out = scratch + sums_bytes(p_, plan_);
    for (int64_t panel = first_panel_; panel < end_panel_; ++panel) {
      kernels::PackArgs args = p_.source;
      args.b += column(panel) * args.n_stride;
      args.n_k = p_.shape.k;
      args.n_cols = std::min<int64_t>(kernel_.width, p_.shape.n - column(panel));
      args.out = out + (panel - first_panel_) * panel_bytes_;
      kernel_.pack(args);
    }
    return out;
  }

  // Rows m to m + n_rows - 1 with k_block of k from k on: a panel's part of k meets all rows while
  // it is near.
  void run_block(int64_t m, int64_t n_rows, int64_t k) {
    for (int64_t panel = first_panel_; panel < end_panel_;) {
      const int64_t left = end_panel_ - panel;
      const int64_t first_rows = std::min(plan_.rows_per_pass, n_rows);
      const int64_t n_panels = tile_for(kernel_, first_rows, left).panels;
      const int64_t n_passes = (n_rows + plan_.rows_per_pass - 1) / plan_.rows_per_pass;
      for (int64_t pass = 0; pass < n_passes; ++pass) {
        const int64_t row = pass * plan_.rows_per_pass;
        set_next(panel + n_panels, k, pass, n_passes);
        run_pass(m, row, std::min(plan_.rows_per_pass, n_rows - row), panel, n_panels, k);
      }
      panel += n_panels;
    }
  }

  // What this pass of several is to fetch of what comes next, its share: the next panel's part of
  // k, after the claim's last one that of the next k, and after all of k the panel behind the
  // claim, which some thread will want.
  void set_next(int64_t panel, int64_t k, int64_t pass, int64_t n_passes) {
    next_ = nullptr;
    if (n_passes == 1) return;
    if (panel >= end_panel_) {
      k += plan_.k_block;
      panel = k < p_.shape.k ? first_panel_ : end_panel_;
      if (k >= p_.shape.k) k = 0;
    }
    const bool own = panel < end_panel_;
    if (!own && (p_.panels == nullptr || column(panel) >= p_.shape.n)) return;
    const int64_t n_k = std::min(plan_.k_block, p_.shape.k - k);
    const int64_t begin = kernel_.panel_bytes(k), bytes = kernel_.panel_bytes(k + n_k) - begin;
    const int64_t n_units = (n_k + kernel_.k_unit - 1) / kernel_.k_unit;
    next_step_ = bytes / (n_units * n_passes) + 1;
    const int64_t offset = pass * n_units * next_step_;
    if (offset < bytes) next_ = panels_ + (panel - first_panel_) * panel_bytes_ + begin + offset;
  }

  // Some rows of the block with some panels, by as many tiles as it takes.
  void run_pass(int64_t m, int64_t row, int64_t n_rows, int64_t panel, int64_t n_panels,
                int64_t k) {
    for (int64_t done = 0; done < n_rows;) {
      int64_t rows = 0;
      for (int64_t i = 0; i < n_panels;) {
        const kernels::Tile& tile = tile_for(kernel_, n_rows - done, n_panels - i);
        rows = std::min<int64_t>(tile.max_rows, n_rows - done);
        run_tile(tile, m, row + done, rows, panel + i, k);
        i += tile.panels;
      }
      done += rows;
    }
  }

  void run_tile(const kernels::Tile& tile, int64_t m, int64_t row, int64_t n_rows, int64_t panel,
                int64_t k) {
    const int64_t n_k = std::min(plan_.k_block, p_.shape.k - k);
    const int64_t columns = tile.panels * kernel_.width;
    constexpr int64_t kSumBytes = 4;
    std::byte* c = in_c_ ? p_.out.c + ((m + row) * p_.out.c_stride + column(panel)) * kSumBytes
                         : sums_ + (row * sums_stride_ + column(panel - first_panel_)) * kSumBytes;
    tile.run(
        {.a = tile.grouped ? group_at(p_.a, kernel_, plan_, m + row, k, n_k) : p_.a.at(m + row, k),
         .a_row_bytes = p_.a.row_bytes,
         .a_step_bytes = p_.a.step_bytes,
         .a_sums = p_.a.sums == nullptr ? nullptr : p_.a.sums + m + row,
         .b = panels_ + (panel - first_panel_) * panel_bytes_,
         .panel_bytes = panel_bytes_,
         .first_k = k,
         .n_k = n_k,
         .n_rows = n_rows,
         .n_cols = std::min(columns, p_.shape.n - column(panel)),
         .c = c,
         .c_stride = in_c_ ? p_.out.c_stride : sums_stride_,
         .add = k > 0 || (in_c_ && p_.out.adds()),
         .next = next_,
         .next_step = next_step_});
    next_ = nullptr;  // by the first tile of a pass
  }

  const PackedProduct& p_;
  const Plan& plan_;
  const kernels::PackedKernel& kernel_;
  int64_t first_panel_, end_panel_, panel_bytes_;
  bool in_c_;
  std::byte* sums_;
  int64_t sums_stride_;
  const std::byte* panels_;
  const std::byte* next_ = nullptr;
  int64_t next_step_ = 0;
};

int64_t scratch_per_thread(const PackedProduct& product, const Plan& plan) {
  return Claim::sums_bytes(product, plan) + Claim::pack_bytes(product, plan);
}

}  // namespace

int64_t product_scratch_bytes(const PackedProduct& product, const Plan& plan) {
  return scratch_per_thread(product, plan) * (plan.parallel ? product.shape.n_threads : 1);
}

void run(const PackedProduct& product, const Plan& plan, ThreadPool& pool, std::byte* scratch) {
  const int64_t n_panels = (product.shape.n + product.kernel->width - 1) / product.kernel->width;
  const int64_t per_thread = scratch_per_thread(product, plan);
  const auto work = [&](int64_t begin, int64_t end, int i_thread) {
    Claim(product, plan, begin, end, scratch + i_thread * per_thread).run();
  };
  if (!plan.parallel) {
    for (int64_t p = 0; p < n_panels; p += plan.panels_per_claim) {
      work(p, std::min(n_panels, p + plan.panels_per_claim), 0);
    }
    return;
  }
  pool.for_each(n_panels, plan.panels_per_claim, work);
}

void run_together(std::span<const PlannedProduct> products, ThreadPool& pool) {
  if (products.size() == 1) return run(products[0].product, products[0].plan, pool, nullptr);
  int64_t n_claims = 0, work = 0;
  const auto claims_of = [](const PlannedProduct& each) {
    const int64_t width = each.product.kernel->width, n = each.product.shape.n;
    const int64_t n_panels = (n + width - 1) / width;
    return (n_panels + each.plan.panels_per_claim - 1) / each.plan.panels_per_claim;
  };
  for (const PlannedProduct& each : products) {
    n_claims += claims_of(each);
    work += each.product.shape.m * each.product.shape.n * each.product.shape.k;
  }
  const auto run_claims = [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t claim = i;
      const PlannedProduct* each = products.data();
      for (; claim >= claims_of(*each); ++each) claim -= claims_of(*each);
      const int64_t width = each->product.kernel->width;
      const int64_t n_panels = (each->product.shape.n + width - 1) / width;
      const int64_t first = claim * each->plan.panels_per_claim;
      Claim(each->product, each->plan, first,
            std::min(n_panels, first + each->plan.panels_per_claim), nullptr)
          .run();
    }
  };
  if (work < kMinParallelWork) return run_claims(0, n_claims, 0);
  pool.for_each(n_claims, 1, run_claims);
}

}  // namespace cria::gemm
