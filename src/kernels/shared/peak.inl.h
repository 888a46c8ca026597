// The fastest multiply-adds that the instruction set has, without any load: what a product can
// reach at most. Included in an unnamed namespace after the vector primitives.

// 12 independent sums: more than latency times throughput of any core, fewer than any register
// file.
float peak_f32(int64_t n_rounds) {
  VecF sums[12];
  for (int i = 0; i < 12; ++i) sums[i] = splat(static_cast<float>(i));
  const VecF a = splat(0.999f), b = splat(0.001f);
  for (int64_t round = 0; round < n_rounds; ++round) {
#pragma GCC unroll 12
    for (VecF& sum : sums) sum = fma(sum, a, b);
  }
  VecF total = zeros();
  for (const VecF& sum : sums) total = add(total, sum);
  return sum_lanes(total);
}
constexpr Peak kPeakF32 = {.multiply_adds = 12 * kLanes, .run = peak_f32};
