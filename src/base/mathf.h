// exp, log, sin and cos of our own, so that x86-64 and AArch64 give the same bits on the scalar
// kernel table: every C library, and every build of one, rounds these differently.
#pragma once

namespace cria {

// e^x. Accuracy: |relative error| <= 3e-7 over [-87, 88]; 0 below, infinity above; NaN for NaN.
float exp_f32(float x);

// Accuracy of these four: |relative error| <= 1e-14 (sin, cos: |absolute error| <= 1e-11 for
// |x| <= 1e7, beyond any position times frequency that RoPE meets). log requires x > 0.
double exp_f64(double x);
double log_f64(double x);
double sin_f64(double x);
double cos_f64(double x);

}  // namespace cria
