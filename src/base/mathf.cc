// Built with -ffp-contract=off: no step may fuse on one CPU and not on another.
#include "base/mathf.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace cria {
namespace {

constexpr double kLn2High = 6.93147180369123816490e-01;  // ln 2 to 32 bits: n * kLn2High is exact
constexpr double kLn2Low = 1.90821492927058770002e-10;

double two_to_the(int n) {  // requires -1022 <= n <= 1023
  const uint64_t bits = static_cast<uint64_t>(n + 1023) << 52;
  double out;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}

// sin and cos of r in [-pi/4, pi/4] by their Taylor series.
double sin_small(double r) {
  const double r2 = r * r;
  double sum = 0;
  for (int k = 17; k >= 3; k -= 2) sum = (1.0 + sum) * (-r2 / (k * (k - 1)));
  return r * (1.0 + sum);
}

double cos_small(double r) {
  const double r2 = r * r;
  double sum = 0;
  for (int k = 18; k >= 2; k -= 2) sum = (1.0 + sum) * (-r2 / (k * (k - 1)));
  return 1.0 + sum;
}

struct Quadrant {
  double rest;  // in [-pi/4, pi/4]
  int64_t index;
};

// x minus a multiple of pi/2, which is split in three. The first two parts have 30 bits each, so
// that their products with n, of 23 bits for |x| <= 1e7, are exact.
Quadrant reduce(double x) {
  constexpr double kPart1 = 0x1.921fb54p+0;
  constexpr double kPart2 = 0x1.10b46118p-30;
  constexpr double kPart3 = 0x1.313198a2e037p-61;
  const double n = std::nearbyint(x * 6.36619772367581382433e-01);
  return {((x - n * kPart1) - n * kPart2) - n * kPart3, static_cast<int64_t>(n)};
}

}  // namespace

float exp_f32(float x) {
  if (!(x > -87.3f)) return std::isnan(x) ? x : 0.0f;
  if (x > 88.7f) return std::numeric_limits<float>::infinity();
  const float n = std::nearbyint(x * 1.44269504088896341f);
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float sum = 1.0f / 5040.0f;
  sum = sum * r + 1.0f / 720.0f;
  sum = sum * r + 1.0f / 120.0f;
  sum = sum * r + 1.0f / 24.0f;
  sum = sum * r + 1.0f / 6.0f;
  sum = sum * r + 0.5f;
  sum = sum * r + 1.0f;
  sum = sum * r + 1.0f;
  // In two steps, because 2^128 is no float although the product may be one.
  const int half = static_cast<int>(n) / 2;
  return sum * static_cast<float>(two_to_the(half)) *
         static_cast<float>(two_to_the(static_cast<int>(n) - half));
}

double exp_f64(double x) {
  if (!(x > -700)) return std::isnan(x) ? x : 0.0;
  if (x > 709) return std::numeric_limits<double>::infinity();
  const double n = std::nearbyint(x * 1.44269504088896340736);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1.0;
  for (int k = 14; k >= 1; --k) sum = 1.0 + sum * r / k;
  return sum * two_to_the(static_cast<int>(n));
}

double log_f64(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // in [0.5, 1)
  if (mantissa < 0.70710678118654752440) {
    mantissa *= 2;
    --exponent;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)); the argument is under 0.172, so 13 terms reach 1e-19.
  const double t = (mantissa - 1) / (mantissa + 1);
  const double t2 = t * t;
  double sum = 0;
  for (int k = 25; k >= 1; k -= 2) sum = sum * t2 + 1.0 / k;
  return exponent * kLn2High + (exponent * kLn2Low + 2 * t * sum);
}

double sin_f64(double x) {
  const Quadrant q = reduce(x);
  const double value = (q.index & 1) ? cos_small(q.rest) : sin_small(q.rest);
  return (q.index & 2) ? -value : value;
}

double cos_f64(double x) {
  const Quadrant q = reduce(x);
  const double value = (q.index & 1) ? sin_small(q.rest) : cos_small(q.rest);
  return ((q.index + 1) & 2) ? -value : value;
}

}  // namespace cria
