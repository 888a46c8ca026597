// Packed int8 and uint8 weights with the dot-product instructions. Included in an unnamed namespace
// after arm_by_element.inl.h.

struct S8 {
  using Lhs = uint8x16_t;
  using Sum = int32x4_t;
  static constexpr int kUnitK = 4;
  static constexpr int kVecBytes = 16;
  static uint8x16_t load_lhs(const std::byte* at) { return load_bytes(at); }
  static uint8x16_t load_columns(const std::byte* at) { return load_bytes(at); }
  template <int lane>
  static Sum multiply_add(Sum sum, uint8x16_t b, uint8x16_t a) {
    asm("sdot %0.4s, %1.16b, %2.4b[%3]" : "+w"(sum) : "w"(b), "w"(a), "i"(lane));
    return sum;
  }
  template <int lane>
  [[gnu::always_inline]] static void multiply_add_in_place(Sum& sum, uint8x16_t b, uint8x16_t a) {
    Sum added = sum;
    asm volatile("sdot %0.4s, %1.16b, %2.4b[%3]" : "+w"(added) : "w"(b), "w"(a), "i"(lane));
    sum = added;
  }
};

struct U8 : S8 {
  template <int lane>
  static Sum multiply_add(Sum sum, uint8x16_t b, uint8x16_t a) {
    asm("udot %0.4s, %1.16b, %2.4b[%3]" : "+w"(sum) : "w"(b), "w"(a), "i"(lane));
    return sum;
  }
  template <int lane>
  [[gnu::always_inline]] static void multiply_add_in_place(Sum& sum, uint8x16_t b, uint8x16_t a) {
    Sum added = sum;
    asm volatile("udot %0.4s, %1.16b, %2.4b[%3]" : "+w"(added) : "w"(b), "w"(a), "i"(lane));
    sum = added;
  }
};
