// Sums of products of bytes without dot-product instructions, for arm_blocks.inl.h. Included in an
// unnamed namespace before it.
//
// Sixteen neighbours along k stand side by side, of weights and of x alike: eight products by an
// instruction, none of whose operands must be spread. On a Cortex-A72 one vector pipe multiplies, 8
// multiply-adds a cycle; what adds up and unpacks is less and goes to the other.

struct BySmull : StartedSums {
  static constexpr bool kBySdot = false;
  static constexpr int kUnit = 16;

  // How many products of |x| <= 127 and a weight may be added up in 16 bits: 15 * 127 * 17 and so
  // on are below 2^15; of signed bytes 128 * 127 * 2.
  template <int kBits>
  static constexpr int kMaxProducts = kBits == 8 ? 2 : 32767 / (127 * ((1 << kBits) - 1));

  template <int kBits>
  [[gnu::always_inline]] static VecI dot16(VecI sum, const VecI* q, int8x16_t x) {
    int16x8_t products[4];
    unrolled<4>([&](auto n) { products[n] = vmull_s8(low_half(q[n]), vget_low_s8(x)); });
    unrolled<4>([&](auto n) { products[n] = add_high(products[n], bytes(q[n]), x); });
    return add_up<kBits, 2>(sum, products);
  }
  template <int kBits>
  [[gnu::always_inline]] static VecI dot32(VecI sum, const VecI* q, int8x16_t x0, int8x16_t x1) {
    if constexpr (kMaxProducts<kBits> < 4) {
      int32x4_t pairs[4];
      unrolled<4>([&](auto n) {
        const int16x8_t first = vmull_s8(low_half(q[n]), vget_low_s8(x0));
        pairs[n] = vpaddlq_s16(add_high(first, bytes(q[n]), x0));
      });
      unrolled<4>([&](auto n) {
        const int16x8_t second = vmull_s8(low_half(q[n + 4]), vget_low_s8(x1));
        pairs[n] = vpadalq_s16(pairs[n], add_high(second, bytes(q[n + 4]), x1));
      });
      return add_ints(sum,
                      vpaddq_s32(vpaddq_s32(pairs[0], pairs[1]), vpaddq_s32(pairs[2], pairs[3])));
    } else {
      int16x8_t products[4];
      unrolled<4>([&](auto n) { products[n] = vmull_s8(low_half(q[n]), vget_low_s8(x0)); });
      unrolled<4>([&](auto n) { products[n] = add_high(products[n], bytes(q[n]), x0); });
      unrolled<4>([&](auto n) { products[n] = add_low(products[n], bytes(q[n + 4]), x1); });
      unrolled<4>([&](auto n) { products[n] = add_high(products[n], bytes(q[n + 4]), x1); });
      return add_up<kBits, 4>(sum, products);
    }
  }

 private:
  // Written out, because g++ 12 would move what it adds to from register to register.
  [[gnu::always_inline]] static int16x8_t add_low(int16x8_t sum, int8x16_t a, int8x16_t b) {
    asm("smlal %0.8h, %1.8b, %2.8b" : "+w"(sum) : "w"(a), "w"(b));
    return sum;
  }
  [[gnu::always_inline]] static int16x8_t add_high(int16x8_t sum, int8x16_t a, int8x16_t b) {
    asm("smlal2 %0.8h, %1.16b, %2.16b" : "+w"(sum) : "w"(a), "w"(b));
    return sum;
  }
  static int8x16_t bytes(VecI q) { return vreinterpretq_s8_s32(q); }
  static int8x8_t low_half(VecI q) { return vget_low_s8(bytes(q)); }

  // sum + the sums of the four vectors, each 16-bit lane of which holds kProducts products: in 16
  // bits as long as they fit, which takes half the additions.
  template <int kBits, int kProducts>
  [[gnu::always_inline]] static VecI add_up(VecI sum, const int16x8_t (&v)[4]) {
    if constexpr (kMaxProducts<kBits> >= 4 * kProducts) {
      return vpadalq_s16(sum, vpaddq_s16(vpaddq_s16(v[0], v[1]), vpaddq_s16(v[2], v[3])));
    } else if constexpr (kMaxProducts<kBits> >= 2 * kProducts) {
      const int32x4_t first = vpaddlq_s16(vpaddq_s16(v[0], v[1]));
      return add_ints(sum, vpaddq_s32(first, vpaddlq_s16(vpaddq_s16(v[2], v[3]))));
    } else {
      const int32x4_t first = vpaddq_s32(vpaddlq_s16(v[0]), vpaddlq_s16(v[1]));
      return add_ints(sum, vpaddq_s32(first, vpaddq_s32(vpaddlq_s16(v[2]), vpaddlq_s16(v[3]))));
    }
  }
};
