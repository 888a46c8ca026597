// A product with packed weights: the loops around the tiles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gemm/epilogue.h"
#include "gemm/lhs.h"
#include "gemm/policy.h"

namespace cria::gemm {

struct PackedProduct {
  const kernels::PackedKernel* kernel = nullptr;
  kernels::PackedType type = kernels::PackedType::f32;
  ProductShape shape;
  // The packed panels, panel_bytes(k) apart; or null: each is packed from `source` when its turn
  // comes (its n_cols, n_k and out are set here; b is that of column 0).
  const std::byte* panels = nullptr;
  kernels::PackArgs source = {};
  Lhs a;
  Epilogue out;
};

// Scratch for all threads of the plan.
int64_t product_scratch_bytes(const PackedProduct& product, const Plan& plan);

// Requires  sizes above 0; scratch of product_scratch_bytes, aligned to 64 bytes
void run(const PackedProduct& product, const Plan& plan, ThreadPool& pool, std::byte* scratch);

// Several products that need no scratch, shared out to the threads at once. Requires  sums_in_c()
struct PlannedProduct {
  PackedProduct product;
  Plan plan;
};
void run_together(std::span<const PlannedProduct> products, ThreadPool& pool);

}  // namespace cria::gemm
