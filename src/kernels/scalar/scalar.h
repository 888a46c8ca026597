// The scalar kernels, for table.cc. They are the definition that every other table is tested
// against: written to be read, and built so that no multiply and add fuse. Contracts: kernels.h.
#pragma once

#include "kernels/kernels.h"

namespace cria::kernels::scalar {

void matmul_grouped(const MatmulGroupedArgs& args);

void quantize_q8a(const float* x, int64_t n, BlockQ8A* out);
void quantize_grouped(const float* x, int64_t n, int64_t group_size, std::byte* out);
void store_f16(const float* x, int64_t n, uint16_t* out);

void rms_norm(const float* x, const float* weight, int64_t n, float eps, float* out);
void swiglu(const float* gate, const float* up, int64_t n, float* out);

void attend(const AttendArgs& args);

}  // namespace cria::kernels::scalar
