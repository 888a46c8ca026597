// Sums of products of bytes by the dot-product instruction, for arm_blocks.inl.h. Included in an
// unnamed namespace before it.

struct BySdot : StartedSums {
  static constexpr bool kBySdot = true;
  static constexpr int kUnit = 4;

  template <int kBits>
  static VecI dot16(VecI sum, const VecI* q, int8x16_t x) {
    sum = vdotq_laneq_s32(sum, vreinterpretq_s8_s32(q[0]), x, 0);
    sum = vdotq_laneq_s32(sum, vreinterpretq_s8_s32(q[1]), x, 1);
    sum = vdotq_laneq_s32(sum, vreinterpretq_s8_s32(q[2]), x, 2);
    return vdotq_laneq_s32(sum, vreinterpretq_s8_s32(q[3]), x, 3);
  }
  template <int kBits>
  static VecI dot32(VecI sum, const VecI* q, int8x16_t x0, int8x16_t x1) {
    return dot16<kBits>(dot16<kBits>(sum, q, x0), q + 4, x1);
  }
};
