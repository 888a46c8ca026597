// The mathematics of block quantisation: scales that make the weighted square error small. Knows
// nothing of layouts or of fp16.
#pragma once

namespace cria {

// A stretch of a row: x, and how much an error of each element counts. n is a multiple of 8, at
// most 32; |x| <= 65504; 0 <= w, not all of them 0.
struct Samples {
  const float* x;
  const float* w;
  int n;
};

// The integers that a type has.
struct IntRange {
  int lo, hi;
};

// Rounded to nearest, ties to even, and clamped.
int quantize_one(float x, float inverse_scale, IntRange range);

// d of small sum of w (x - d q)^2, q = quantize_one(x, 1 / d, range). May be negative where range
// is not symmetric; 0 where all x are (all but) 0. Accuracy  sums over random blocks are within 2 %
// of the best possible (tests/tensor)
float fit_scale(const Samples& samples, IntRange range);

// x ~ d q + offset, q from 0 to q_max, d >= 0.
struct ScaleOffset {
  float d, offset;
};
enum class Offset { any, at_most_zero };
ScaleOffset fit_scale_offset(const Samples& samples, int q_max, Offset sign);

// Sum of w (x - d q - offset)^2 with the q nearest to (x - offset) / d.
float square_error(const Samples& samples, float d, float offset, IntRange range);

}  // namespace cria
