// A in the form that the tiles of a packed kernel read.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cria/gemm.h"
#include "gemm/compute.h"
#include "gemm/policy.h"

namespace cria::gemm {

struct Lhs {
  const std::byte* data = nullptr;
  int64_t row_bytes = 0;
  int64_t step_bytes = 0;         // between neighbours along k; 0 for blocks of 32
  const int32_t* sums = nullptr;  // of the rows, where the kernel wants them
  // Where the plan is grouped: for each block of k the rows of each tile that wants them ready.
  const std::byte* groups = nullptr;
  int64_t n_rows = 0;

  // Row `row` at k.
  const std::byte* at(int64_t row, int64_t k) const {
    constexpr int64_t kBlock = static_cast<int64_t>(sizeof(BlockQ8A));
    return data + row * row_bytes + (step_bytes == 0 ? k / 32 * kBlock : k * step_bytes);
  }
};

// Scratch for A [m, k]; 0 where it is read in place.
int64_t lhs_scratch_bytes(const kernels::PackedKernel& kernel, const ConstMatrixView& a,
                          const Plan& plan);

// Reads A in place or makes its form in scratch, which outlives the result.
// Requires  sizes above 0; an A whose type goes with the kernel's; scratch aligned to 64 bytes
Lhs make_lhs(const Compute& compute, const kernels::PackedKernel& kernel, const ConstMatrixView& a,
             const Plan& plan, std::byte* scratch);

// Fills lhs.groups from lhs's rows.
void make_groups(const Compute& compute, const kernels::PackedKernel& kernel, const Plan& plan,
                 int64_t n_cols, const Lhs& lhs);

// What a row takes in a group over n_k along k, and where the group from `row` on is in the block
// of n_k from k on.
int64_t grouped_row_bytes(const kernels::PackedKernel& kernel, int64_t n_k);
const std::byte* group_at(const Lhs& lhs, const kernels::PackedKernel& kernel, const Plan& plan,
                          int64_t row, int64_t k, int64_t n_k);

}  // namespace cria::gemm
