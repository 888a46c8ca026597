// For integers q that are given, the best d (and offset) solve a linear least squares problem. The
// integers follow from a scale, so a row of scales is tried, each gives integers, and those whose
// solution leaves the least error win; then scale and integers are improved in turn, as in Lloyd's
// method, until nothing changes.
#include "tensor/scale_search.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace cria {
namespace {

// Below this the scale would be 0 in fp16 for every type (the least is 2^-24).
constexpr float kNegligible = 0x1p-40f;
constexpr int kMaxRefinements = 4;

// x + 1.5 * 2^23 has no bits below 1, so that the addition itself rounds to nearest even.
// nearbyint is a call where SSE 4.1 cannot be taken for granted.
constexpr float kRounder = 12582912.0f;
inline float round_small(float x) { return (x + kRounder) - kRounder; }

inline float clamp(float x, float lo, float hi) {
  x = x < lo ? lo : x;
  return x > hi ? hi : x;
}

inline float nearest(float scaled, float lo, float hi) {
  return round_small(clamp(scaled, lo, hi));
}

// Four sums at once; compilers keep it in a register where arrays of lanes go through memory, which
// made this four times as slow.
using Lanes = float __attribute__((vector_size(16)));
constexpr int kWidth = 4;

Lanes load(const float* at) {
  Lanes out;
  std::memcpy(&out, at, sizeof out);
  return out;
}

double total(const Lanes& lanes) {
  return static_cast<double>((lanes[0] + lanes[2]) + (lanes[1] + lanes[3]));
}

constexpr int kMaxSamples = 32;

// q[i] = the integer of (x[i] - offset) * inverse.
void integers(const Samples& s, float inverse, float offset, IntRange range, float* q) {
  const auto lo = static_cast<float>(range.lo), hi = static_cast<float>(range.hi);
  for (int i = 0; i < s.n; ++i) q[i] = nearest((s.x[i] - offset) * inverse, lo, hi);
}

struct SymmetricSums {
  double xq, qq;
  // The best d for these integers, and by how much it lowers the error below that of d = 0.
  double d() const { return qq > 0 ? xq / qq : 0; }
  double gain() const { return qq > 0 ? xq * xq / qq : 0; }
};

SymmetricSums symmetric_sums(const Samples& s, float inverse, IntRange range) {
  float q[kMaxSamples];
  integers(s, inverse, 0, range, q);
  Lanes xq = {}, qq = {};
  for (int i = 0; i < s.n; i += kWidth) {
    const Lanes wq = load(s.w + i) * load(q + i);
    xq += wq * load(s.x + i);
    qq += wq * load(q + i);
  }
  return {total(xq), total(qq)};
}

struct AffineSums {
  double w, x, xx;   // of the samples
  double q, qq, xq;  // of the integers
};

// Integers of x ~ d q + offset; inverse = 1 / d.
void add_integer_sums(const Samples& s, float inverse, float offset, int q_max, AffineSums& sums) {
  float q[kMaxSamples];
  integers(s, inverse, offset, {0, q_max}, q);
  Lanes q_sum = {}, qq = {}, xq = {};
  for (int i = 0; i < s.n; i += kWidth) {
    const Lanes wq = load(s.w + i) * load(q + i);
    q_sum += wq;
    qq += wq * load(q + i);
    xq += wq * load(s.x + i);
  }
  sums.q = total(q_sum);
  sums.qq = total(qq);
  sums.xq = total(xq);
}

AffineSums sample_sums(const Samples& s) {
  AffineSums sums = {};
  for (int i = 0; i < s.n; ++i) {
    const double w = static_cast<double>(s.w[i]), x = static_cast<double>(s.x[i]);
    sums.w += w;
    sums.x += w * x;
    sums.xx += w * x * x;
  }
  return sums;
}

struct AffineFit {
  double d = 0, offset = 0;
  double gain = -1;  // below the error of d = 0, offset = 0
};

// The solution of the normal equations; of those with d >= 0, and offset <= 0 where that is asked.
AffineFit solve(const AffineSums& s, Offset sign) {
  const double det = s.w * s.qq - s.q * s.q;
  AffineFit fit;
  if (det > 1e-9 * s.w * s.qq) {
    fit.d = (s.w * s.xq - s.q * s.x) / det;
    fit.offset = (s.qq * s.x - s.q * s.xq) / det;
  } else {
    fit.offset = s.x / s.w;  // all integers are the same one
  }
  if (sign == Offset::at_most_zero && fit.offset > 0) {
    fit.offset = 0;
    fit.d = s.qq > 0 ? s.xq / s.qq : 0;
  }
  if (fit.d < 0) return {};
  // Of the residual: the cross terms are kept, since the fit may be a constrained one.
  fit.gain = 2 * (fit.d * s.xq + fit.offset * s.x) -
             (fit.d * fit.d * s.qq + 2 * fit.d * fit.offset * s.q + fit.offset * fit.offset * s.w);
  return fit;
}

// Scales to try, as steps along the largest magnitude or the whole extent: from one that wastes the
// last integer to one that clips outliers. Few integers want more clipping; found by trying.
struct Trials {
  float first, step;
  int count;
};
Trials trials_for(int n_steps) {
  if (n_steps <= 32) return {-1.0f, 0.25f, 12};
  return {-1.0f, 0.25f, 9};
}

}  // namespace

int quantize_one(float x, float inverse_scale, IntRange range) {
  return static_cast<int>(
      nearest(x * inverse_scale, static_cast<float>(range.lo), static_cast<float>(range.hi)));
}

float fit_scale(const Samples& samples, IntRange range) {
  float largest = 0;
  for (int i = 0; i < samples.n; ++i) largest = std::max(largest, std::fabs(samples.x[i]));
  if (largest < kNegligible) return 0;
  const bool both_signs = range.hi != -range.lo;
  const auto most = static_cast<float>(-range.lo);
  const Trials trials = trials_for(range.hi);
  SymmetricSums best = {0, 0};
  for (int i = 0; i < trials.count; ++i) {
    const float inverse = (most + trials.first + trials.step * static_cast<float>(i)) / largest;
    for (const float signed_inverse : {inverse, -inverse}) {
      const SymmetricSums sums = symmetric_sums(samples, signed_inverse, range);
      if (sums.gain() > best.gain()) best = sums;
      if (!both_signs) break;
    }
  }
  for (int i = 0; i < kMaxRefinements && best.d() != 0; ++i) {
    const SymmetricSums sums = symmetric_sums(samples, static_cast<float>(1 / best.d()), range);
    if (!(sums.gain() > best.gain())) break;
    best = sums;
  }
  return static_cast<float>(best.d());
}

ScaleOffset fit_scale_offset(const Samples& samples, int q_max, Offset sign) {
  const auto [least, most] = std::minmax_element(samples.x, samples.x + samples.n);
  const float low = sign == Offset::at_most_zero ? std::min(*least, 0.0f) : *least;
  const float extent = *most - low;
  AffineSums sums = sample_sums(samples);
  if (!(extent >= kNegligible)) {
    const auto mean = static_cast<float>(sums.x / sums.w);
    return {0, sign == Offset::at_most_zero ? std::min(mean, 0.0f) : mean};
  }
  // All in one value, or in values below 0: q = 0 for each.
  AffineFit best = solve(sums, sign);
  const Trials trials = trials_for(q_max);
  const float middle = low + extent / 2;
  for (int i = 0; i < trials.count; ++i) {
    const float steps =
        static_cast<float>(q_max) + trials.first + trials.step * static_cast<float>(i);
    const float inverse = steps / extent;
    const float centred = middle - static_cast<float>(q_max) / 2 / inverse;
    for (const float offset : {centred, low}) {
      add_integer_sums(samples, inverse, offset, q_max, sums);
      const AffineFit fit = solve(sums, sign);
      if (fit.gain > best.gain) best = fit;
    }
  }
  for (int i = 0; i < kMaxRefinements && best.d > 0; ++i) {
    add_integer_sums(samples, static_cast<float>(1 / best.d), static_cast<float>(best.offset),
                     q_max, sums);
    const AffineFit fit = solve(sums, sign);
    if (!(fit.gain > best.gain)) break;
    best = fit;
  }
  return {static_cast<float>(best.d), static_cast<float>(best.offset)};
}

float square_error(const Samples& s, float d, float offset, IntRange range) {
  float q[kMaxSamples];
  integers(s, d != 0 ? 1 / d : 0, offset, range, q);
  Lanes errors = {};
  for (int i = 0; i < s.n; i += kWidth) {
    const Lanes error = load(s.x + i) - offset - load(q + i) * d;
    errors += load(s.w + i) * error * error;
  }
  return static_cast<float>(total(errors));
}

}  // namespace cria
