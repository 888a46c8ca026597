// Sums of products of bytes by maddubs, for block_dots.inl.h. Included in an unnamed namespace
// after the vector primitives.

// dot_groups takes signed bytes as they are.
constexpr int kSignedByteOffset = 0;
inline VecI as_factors(VecI signed_bytes) { return signed_bytes; }

// Nothing that reads `at` or `sum` afterwards is moved before this: a compiler that brings all
// products of a block forward has no registers left for them.
[[gnu::always_inline]] inline void keep_order(VecI& sum, const int8_t*& at) {
  asm("" : "+v"(sum), "+r"(at));
}

// out[p][t], lane r: sum over 4 * kGroups columns of q[p] * x[t], exact, added to what stands there
// where kAdd. Panels side by side share the loads of x, tokens those of q.
// q [p]: [kGroups], four columns of each row; 0 .. 2^kBits - 1, or for kBits 8 signed.
// Requires |x| <= 127. That bounds how many maddubs may be added up in 16 bits: 32767 is not
// passed.
template <int kBits, int kGroups, bool kAdd, int kPanels, int kTokens>
[[gnu::always_inline]] inline void dot_groups(const VecI* const (&q)[kPanels],
                                              const int8_t* const (&x)[kTokens],
                                              VecI (&out)[kPanels][kTokens]) {
  constexpr int kMaxDepth = kBits <= 4 ? 8 : kBits == 5 ? 4 : kBits == 6 ? 2 : 1;
  constexpr int kDepth = kMaxDepth < kGroups ? kMaxDepth : kGroups;
  const int8_t* at[kTokens];
  for (int t = 0; t < kTokens; ++t) at[t] = x[t];
    // Unrolled by order: as loops the sums would go through memory.
#pragma GCC unroll 8
  for (int begin = 0; begin < kGroups; begin += kDepth) {
    VecI pairs[kPanels][kTokens];
#pragma GCC unroll 8
    for (int i = 0; i < kDepth; ++i) {
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) {
        const VecI x4 = splat_32(at[t] + 4 * (begin + i));
#pragma GCC unroll 8
        for (int p = 0; p < kPanels; ++p) {
          const VecI w = q[p][begin + i];
          const VecI products = kBits == 8 ? multiply_signed_bytes(w, x4) : multiply_bytes(w, x4);
          pairs[p][t] = i == 0 ? products : add_shorts(pairs[p][t], products);
          keep_order(pairs[p][t], at[t]);
        }
      }
    }
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 8
      for (int p = 0; p < kPanels; ++p) {
        const VecI sum = add_up_pairs(pairs[p][t]);
        out[p][t] = begin == 0 && !kAdd ? sum : add_ints(out[p][t], sum);
        keep_order(out[p][t], at[t]);
      }
    }
  }
}

// As dot_groups does it: four multiply-adds a lane by maddubs, added up in 16 bits. That up to
// eight of those sums are then widened by one instruction more is left out.
struct PeakMaddubs {
  using Sums = VecI;
  static constexpr int kProducts = 4 * kLanes;
  static Sums start(int i) { return splat_byte(i); }
  static Sums run(Sums sums) { return add_shorts(sums, multiply_bytes(sums, splat_byte(3))); }
  static int32_t total(Sums sums) { return sum_ints(sums); }
};
