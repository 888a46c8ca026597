// One block of each type, for quantize.cc: x and w as in Samples, of the block's length.
#pragma once

#include "tensor/blocks.h"

namespace cria {

void quantize_block(const float* x, const float* w, BlockQ4_0& out);
void quantize_block(const float* x, const float* w, BlockQ4_1& out);
void quantize_block(const float* x, const float* w, BlockQ5_0& out);
void quantize_block(const float* x, const float* w, BlockQ5_1& out);
void quantize_block(const float* x, const float* w, BlockQ8_0& out);
void quantize_block(const float* x, const float* w, BlockQ2K& out);
void quantize_block(const float* x, const float* w, BlockQ3K& out);
void quantize_block(const float* x, const float* w, BlockQ4K& out);
void quantize_block(const float* x, const float* w, BlockQ5K& out);
void quantize_block(const float* x, const float* w, BlockQ6K& out);

}  // namespace cria
