// The quantised types, unpacked from kLanes rows at once: lane r holds row r. Rows are transposed
// four bytes at a time, which commutes with everything that the layouts do to single bytes; a
// Source does that while it loads (Rows) or did it beforehand (PackedRows).
// Included in an unnamed namespace after the vector primitives. What is said to be always inlined
// takes vectors by address, which a call would send through memory (Q4_0 with one token was 3 times
// slower).
//
// Each type says
//   kParts    blocks of 32 columns in one block of the type
//   kBits     q is 0 .. 2^kBits - 1; 8: q is signed, or with a kOffset not
//   kOffset   w = d * (q - kOffset) - m
//   kHalves   d and m belong to 16 columns, not 32
//   kHasMin   m is not zero
//   kF16At    offset of a lone fp16 in the block; -1: none, all fields come in fours of bytes
//   unpack    calls take(i, part) for each of its kParts parts, from the block at `offset` of each
//   row

// 32 columns of kLanes rows.
struct Part {
  VecI q[8];  // four columns each
  VecF d[2];  // one per half; only d[0] where a type has one for 32
  VecF m[2];
};

// Bytes that belong to as many columns each. Like others, unless a Source orders columns otherwise.
template <typename Source>
[[gnu::always_inline]] inline void load_16_columns_of_rows(const Source& rows, int64_t offset,
                                                           VecI* out) {
  load_16_bytes_of_rows(rows, offset, out);
}
template <typename Source>
[[gnu::always_inline]] inline void load_32_columns_of_rows(const Source& rows, int64_t offset,
                                                           VecI* out) {
  load_16_columns_of_rows(rows, offset, out);
  load_16_columns_of_rows(rows, offset + 16, out + 4);
}

// 16 bytes of two nibbles each: columns 0..15 in the low ones, 16..31 in the high ones.
template <typename Source>
[[gnu::always_inline]] inline void unpack_nibbles(const Source& rows, int64_t offset, VecI* q) {
  VecI bytes[4];
  load_16_columns_of_rows(rows, offset, bytes);
#pragma GCC unroll 8
  for (int i = 0; i < 4; ++i) {
    q[i] = field(bytes[i], 0, 15);
    q[i + 4] = field(bytes[i], 4, 15);
  }
}

// Bit i of qh is the fifth one of column i.
template <int i>
[[gnu::always_inline]] inline void add_fifth_bits_from(VecI qh, VecI* q) {
  q[i] = with_high(q[i], spread_bits<i>(qh), 4);
  if constexpr (i < 7) add_fifth_bits_from<i + 1>(qh, q);
}
template <typename Source>
[[gnu::always_inline]] inline void add_fifth_bits(const Source& rows, int64_t offset, VecI* q) {
  add_fifth_bits_from<0>(load_32_of_rows(rows, offset), q);
}

struct Q4_0 {
  using Block = BlockQ4_0;
  static constexpr int64_t kF16At = 0;
  static constexpr int kParts = 1, kBits = 4, kOffset = 8;
  static constexpr bool kHalves = false, kHasMin = false;
  template <typename Source, typename Take>
  [[gnu::always_inline]] static void unpack(const Source& rows, int64_t offset, Take take) {
    Part part;
    unpack_nibbles(rows, offset + offsetof(Block, qs), part.q);
    part.d[0] = load_f16_of_rows(rows, offset);
    take(0, part);
  }
};

struct Q4_1 {
  using Block = BlockQ4_1;
  static constexpr int64_t kF16At = -1;
  static constexpr int kParts = 1, kBits = 4, kOffset = 0;
  static constexpr bool kHalves = false, kHasMin = true;
  template <typename Source, typename Take>
  [[gnu::always_inline]] static void unpack(const Source& rows, int64_t offset, Take take) {
    Part part;
    unpack_nibbles(rows, offset + offsetof(Block, qs), part.q);
    const VecI scales = load_32_of_rows(rows, offset);
    part.d[0] = f16_from_low(scales);
    part.m[0] = negate(f16_from_high(scales));
    take(0, part);
  }
};

struct Q5_0 {
  using Block = BlockQ5_0;
  static constexpr int64_t kF16At = 0;
  static constexpr int kParts = 1, kBits = 5, kOffset = 16;
  static constexpr bool kHalves = false, kHasMin = false;
  template <typename Source, typename Take>
  [[gnu::always_inline]] static void unpack(const Source& rows, int64_t offset, Take take) {
    Part part;
    unpack_nibbles(rows, offset + offsetof(Block, qs), part.q);
    add_fifth_bits(rows, offset + offsetof(Block, qh), part.q);
    part.d[0] = load_f16_of_rows(rows, offset);
    take(0, part);
  }
};

struct Q5_1 {
  using Block = BlockQ5_1;
  static constexpr int64_t kF16At = -1;
  static constexpr int kParts = 1, kBits = 5, kOffset = 0;
  static constexpr bool kHalves = false, kHasMin = true;
  template <typename Source, typename Take>
  [[gnu::always_inline]] static void unpack(const Source& rows, int64_t offset, Take take) {
    Part part;
    unpack_nibbles(rows, offset + offsetof(Block, qs), part.q);
    add_fifth_bits(rows, offset + offsetof(Block, qh), part.q);
    const VecI scales = load_32_of_rows(rows, offset);
    part.d[0] = f16_from_low(scales);
    part.m[0] = negate(f16_from_high(scales));
    take(0, part);
  }
};

struct Q8_0 {
  using Block = BlockQ8_0;
  static constexpr int64_t kF16At = 0;
  static constexpr int kParts = 1, kBits = 8, kOffset = kSignedByteOffset;
  static constexpr bool kHalves = false, kHasMin = false;
  template <typename Source, typename Take>
  [[gnu::always_inline]] static void unpack(const Source& rows, int64_t offset, Take take) {
    Part part;
    load_32_columns_of_rows(rows, offset + offsetof(Block, qs), part.q);
#pragma GCC unroll 8
    for (VecI& q : part.q) q = as_factors(q);
    part.d[0] = load_f16_of_rows(rows, offset);
    take(0, part);
  }
};

struct Q2K {
  using Block = BlockQ2K;
  static constexpr int64_t kF16At = -1;
  static constexpr int kParts = 8, kBits = 2, kOffset = 0;
  static constexpr bool kHalves = true, kHasMin = true;
  template <typename Source, typename Take>
  [[gnu::always_inline]] static void unpack(const Source& rows, int64_t offset, Take take) {
    VecI scales[4];
    load_16_bytes_of_rows(rows, offset + offsetof(Block, scales), scales);
    const VecI both = load_32_of_rows(rows, offset + offsetof(Block, d));
    const VecF d = f16_from_low(both);
    const VecF dmin = f16_from_high(both);
    for (int i_128 = 0; i_128 < 2; ++i_128) {
      VecI bytes[8];
      load_32_columns_of_rows(rows, offset + offsetof(Block, qs) + 32 * i_128, bytes);
#pragma GCC unroll 8
      for (int i_32 = 0; i_32 < 4; ++i_32) {
        const int i_part = 4 * i_128 + i_32;
        Part part;
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i) part.q[i] = field(bytes[i], 2 * i_32, 3);
#pragma GCC unroll 8
        for (int half = 0; half < 2; ++half) {
          const VecI scale = scales[i_part / 2];
          const int i_byte = 2 * (i_part % 2) + half;
          part.d[half] = mul(d, byte_to_floats(field(scale, 0, 15), i_byte));
          part.m[half] = mul(dmin, byte_to_floats(field(scale, 4, 15), i_byte));
        }
        take(i_part, part);
      }
    }
  }
};

struct Q3K {
  using Block = BlockQ3K;
  static constexpr int64_t kF16At = offsetof(Block, d);
  static constexpr int kParts = 8, kBits = 3, kOffset = 4;
  static constexpr bool kHalves = true, kHasMin = false;
  template <typename Source, typename Take>
  [[gnu::always_inline]] static void unpack(const Source& rows, int64_t offset, Take take) {
    VecI scales[4];
    unpack_scales(rows, offset + offsetof(Block, scales), scales);
    const VecF d = load_f16_of_rows(rows, offset + offsetof(Block, d));
    VecI third_bits[8];
    load_32_columns_of_rows(rows, offset + offsetof(Block, hmask), third_bits);
    for (int i_128 = 0; i_128 < 2; ++i_128) {
      VecI bytes[8];
      load_32_columns_of_rows(rows, offset + offsetof(Block, qs) + 32 * i_128, bytes);
#pragma GCC unroll 8
      for (int i_32 = 0; i_32 < 4; ++i_32) {
        const int i_part = 4 * i_128 + i_32;
        Part part;
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i) {
          part.q[i] = with_field(field(bytes[i], 2 * i_32, 3), third_bits[i], i_part, 1, 2);
        }
#pragma GCC unroll 8
        for (int half = 0; half < 2; ++half) {
          const VecF scale = byte_to_floats(scales[i_part / 2], 2 * (i_part % 2) + half);
          part.d[half] = mul(d, add(scale, splat(-32)));
        }
        take(i_part, part);
      }
    }
  }

 private:
  // Scale i, six bits, in byte i % 4 of the lanes of out[i / 4].
  template <typename Source>
  static void unpack_scales(const Source& rows, int64_t offset, VecI* out) {
    const VecI low_a = load_32_of_rows(rows, offset);
    const VecI low_b = load_32_of_rows(rows, offset + 4);
    const VecI high = load_32_of_rows(rows, offset + 8);
    out[0] = with_field(field(low_a, 0, 15), high, 0, 3, 4);
    out[1] = with_field(field(low_b, 0, 15), high, 2, 3, 4);
    out[2] = with_field(field(low_a, 4, 15), high, 4, 3, 4);
    out[3] = with_field(field(low_b, 4, 15), high, 6, 3, 4);
  }
};

// The 16 bytes that Q4_K and Q5_K start with: d, dmin, and 6-bit scales and minima of 8 parts.
struct Header4K {
  VecF d, dmin;
  VecI scales[2], mins[2];  // of part i in byte i % 4 of the lanes of [i / 4]

  template <typename Source>
  [[gnu::always_inline]] Header4K(const Source& rows, int64_t offset) {
    VecI head[4];
    load_16_bytes_of_rows(rows, offset, head);
    d = f16_from_low(head[0]);
    dmin = f16_from_high(head[0]);
    scales[0] = field(head[1], 0, 63);
    mins[0] = field(head[2], 0, 63);
    scales[1] = with_field(field(head[3], 0, 15), head[1], 6, 3, 4);
    mins[1] = with_field(field(head[3], 4, 15), head[2], 6, 3, 4);
  }
  [[gnu::always_inline]] void set_scale(int i_part, Part& part) const {
    part.d[0] = mul(d, byte_to_floats(scales[i_part / 4], i_part % 4));
    part.m[0] = mul(dmin, byte_to_floats(mins[i_part / 4], i_part % 4));
  }
};

struct Q4K {
  using Block = BlockQ4K;
  static constexpr int64_t kF16At = -1;
  static constexpr int kParts = 8, kBits = 4, kOffset = 0;
  static constexpr bool kHalves = false, kHasMin = true;
  template <typename Source, typename Take>
  [[gnu::always_inline]] static void unpack(const Source& rows, int64_t offset, Take take) {
    const Header4K header(rows, offset);
#pragma GCC unroll 8
    for (int i_part = 0; i_part < 8; ++i_part) {
      VecI bytes[8];
      load_32_columns_of_rows(rows, offset + offsetof(Block, qs) + 32 * (i_part / 2), bytes);
      Part part;
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) part.q[i] = field(bytes[i], 4 * (i_part % 2), 15);
      header.set_scale(i_part, part);
      take(i_part, part);
    }
  }
};

struct Q5K {
  using Block = BlockQ5K;
  static constexpr int64_t kF16At = -1;
  static constexpr int kParts = 8, kBits = 5, kOffset = 0;
  static constexpr bool kHalves = false, kHasMin = true;
  template <typename Source, typename Take>
  [[gnu::always_inline]] static void unpack(const Source& rows, int64_t offset, Take take) {
    const Header4K header(rows, offset);
    VecI fifth_bits[8];
    load_32_columns_of_rows(rows, offset + offsetof(Block, qh), fifth_bits);
#pragma GCC unroll 8
    for (int i_part = 0; i_part < 8; ++i_part) {
      VecI bytes[8];
      load_32_columns_of_rows(rows, offset + offsetof(Block, qs) + 32 * (i_part / 2), bytes);
      Part part;
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) {
        const VecI low = field(bytes[i], 4 * (i_part % 2), 15);
        part.q[i] = with_field(low, fifth_bits[i], i_part, 1, 4);
      }
      header.set_scale(i_part, part);
      take(i_part, part);
    }
  }
};

struct Q6K {
  using Block = BlockQ6K;
  static constexpr int64_t kF16At = offsetof(Block, d);
  static constexpr int kParts = 8, kBits = 6, kOffset = 32;
  static constexpr bool kHalves = true, kHasMin = false;
  template <typename Source, typename Take>
  [[gnu::always_inline]] static void unpack(const Source& rows, int64_t offset, Take take) {
    VecI scales[4];
    load_16_bytes_of_rows(rows, offset + offsetof(Block, scales), scales);
    const VecF d = load_f16_of_rows(rows, offset + offsetof(Block, d));
    for (int i_128 = 0; i_128 < 2; ++i_128) {
      VecI low[2][8], high[8];
      load_32_columns_of_rows(rows, offset + offsetof(Block, ql) + 64 * i_128, low[0]);
      load_32_columns_of_rows(rows, offset + offsetof(Block, ql) + 64 * i_128 + 32, low[1]);
      load_32_columns_of_rows(rows, offset + offsetof(Block, qh) + 32 * i_128, high);
#pragma GCC unroll 8
      for (int i_32 = 0; i_32 < 4; ++i_32) {
        const int i_part = 4 * i_128 + i_32;
        Part part;
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i) {
          part.q[i] =
              with_field(field(low[i_32 % 2][i], 4 * (i_32 / 2), 15), high[i], 2 * i_32, 3, 4);
        }
#pragma GCC unroll 8
        for (int half = 0; half < 2; ++half) {
          const int i_byte = 2 * (i_part % 2) + half;
          part.d[half] = mul(d, signed_byte_to_floats(scales[i_part / 2], i_byte));
        }
        take(i_part, part);
      }
    }
  }
};

// The same into an array.
template <typename Type, typename Source>
[[gnu::always_inline]] inline void unpack_all(const Source& rows, int64_t offset, Part* out) {
  Type::unpack(rows, offset, [out](int i, const Part& part) { out[i] = part; });
}
