// Products of bytes without dot-product instructions. Included in an unnamed namespace after
// arm_vec.inl.h.

// out[t], lane r: sum over 4 * n_groups columns of q * x[t], exact.
// q [n_groups]: four columns of each row; 0 .. 2^kBits - 1, or for kBits 8 signed.
// Requires |x| <= 127. That bounds how many products may be added up in 16 bits: 32767 is not
// passed.
template <int kBits, int kGroups, int kTokens>
inline void dot_groups(const VecI* q, const int8_t* const* x, VecI* out) {
  constexpr int kMaxDepth = kBits <= 5 ? 8 : kBits == 6 ? 4 : 2;
  constexpr int kDepth = kMaxDepth < kGroups ? kMaxDepth : kGroups;
  int32x4_t pairs_low[kTokens], pairs_high[kTokens];  // two columns of rows 0, 1 and of rows 2, 3
  for (int begin = 0; begin < kGroups; begin += kDepth) {
    int16x8_t low[kTokens], high[kTokens];
    for (int i = begin; i < begin + kDepth; ++i) {
      const int8x16_t w = vreinterpretq_s8_s32(q[i]);
      for (int t = 0; t < kTokens; ++t) {
        int32_t four;
        memcpy(&four, x[t] + 4 * i, sizeof four);
        const int8x8_t x4 = vreinterpret_s8_s32(vdup_n_s32(four));
        const int8x16_t x4x2 = vreinterpretq_s8_s32(vdupq_n_s32(four));
        low[t] = i == begin ? vmull_s8(vget_low_s8(w), x4) : vmlal_s8(low[t], vget_low_s8(w), x4);
        high[t] = i == begin ? vmull_high_s8(w, x4x2) : vmlal_high_s8(high[t], w, x4x2);
      }
    }
    for (int t = 0; t < kTokens; ++t) {
      pairs_low[t] = begin == 0 ? vpaddlq_s16(low[t]) : vpadalq_s16(pairs_low[t], low[t]);
      pairs_high[t] = begin == 0 ? vpaddlq_s16(high[t]) : vpadalq_s16(pairs_high[t], high[t]);
    }
  }
  for (int t = 0; t < kTokens; ++t) out[t] = vpaddq_s32(pairs_low[t], pairs_high[t]);
}
