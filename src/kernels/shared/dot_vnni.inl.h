// Sums of products of bytes by vpdpbusd, for block_dots.inl.h: four of unsigned bytes by signed
// ones to a lane, added in 32 bits. Included in an unnamed namespace after the vector primitives
// and dot_bytes(sums, unsigned, signed), which is that instruction.

// dot_groups takes unsigned bytes: signed ones plus 128, which turns their top bit over.
constexpr int kSignedByteOffset = 128;
inline VecI as_factors(VecI signed_bytes) {
  return flip_bits(signed_bytes, splat_byte(kSignedByteOffset));
}

// out[p][t], lane r: sum over 4 * kGroups columns of q[p] * x[t], exact, added to what stands there
// where kAdd. Panels side by side share the loads of x, tokens those of q.
// q [p]: [kGroups], four columns of each row, unsigned.
template <int kBits, int kGroups, bool kAdd, int kPanels, int kTokens>
[[gnu::always_inline]] inline void dot_groups(const VecI* const (&q)[kPanels],
                                              const int8_t* const (&x)[kTokens],
                                              VecI (&out)[kPanels][kTokens]) {
  if constexpr (!kAdd) {
    for (int t = 0; t < kTokens; ++t) {
      for (int p = 0; p < kPanels; ++p) out[p][t] = no_ints();
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kGroups; ++i) {
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      const VecI x4 = splat_32(x[t] + 4 * i);
#pragma GCC unroll 8
      for (int p = 0; p < kPanels; ++p) out[p][t] = dot_bytes(out[p][t], q[p][i], x4);
    }
  }
}

struct PeakDotBytes {
  using Sums = VecI;
  static constexpr int kProducts = 4 * kLanes;
  static Sums start(int i) { return splat_byte(i); }
  static Sums run(Sums sums) { return dot_bytes(sums, sums, splat_byte(3)); }
  static int32_t total(Sums sums) { return sum_ints(sums); }
};
