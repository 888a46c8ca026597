// Packed f32, f16 and bf16 weights with fp32 rows. Included in an unnamed namespace after
// arm_by_element.inl.h and float_types.inl.h.

template <typename Elem>
struct ByFmla {
  using Lhs = float32x4_t;
  using Sum = float32x4_t;
  static constexpr int kUnitK = 1;
  static constexpr int kVecBytes = 4 * Elem::kBytes;
  static Lhs load_lhs(const std::byte* at) { return load_f32(at); }
  static VecF load_columns(const std::byte* at) { return Elem::load_lanes(at); }
  template <int lane>
  static Sum multiply_add(Sum sum, VecF b, Lhs a) {
    asm("fmla %0.4s, %1.4s, %2.s[%3]" : "+w"(sum) : "w"(b), "w"(a), "i"(lane));
    return sum;
  }
  template <int lane>
  [[gnu::always_inline]] static void multiply_add_in_place(Sum& sum, uint8x16_t b, uint8x16_t a) {
    Sum added = sum;
    asm volatile("fmla %0.4s, %1.4s, %2.s[%3]" : "+w"(added) : "w"(b), "w"(a), "i"(lane));
    sum = added;
  }
};
