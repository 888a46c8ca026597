// Sums of products of bytes by the dot-product instruction, for arm_blocks.inl.h. Included in an
// unnamed namespace before it.

struct BySdot {
  static constexpr bool kBySdot = true;
  static constexpr int kUnit = 4;
  // 1.5 * 2^23 as fp32: a sum that starts with these bits ends as the bits of that number plus the
  // sum, which one subtraction turns into fp32; a conversion would take the vector pipe twice as
  // long. Exact for |sum| < 2^22: 32 * 128 * 127 are an eighth of that.
  static constexpr int32_t kStart = 0x4b400000;
  static VecF to_floats(VecI sums) {
    return vsubq_f32(vreinterpretq_f32_s32(sums), splat(12582912.0f));
  }

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
