// Packed int8 and uint8 weights without dot-product instructions. Included in an unnamed namespace
// after arm_by_element.inl.h.
//
// A panel is [k / 16][4 columns][16]. Sixteen products of a row and a column are made eight at a
// time in 16 bits, where one product fits for any bytes, and pairs of them are added to four sums
// of 32 bits, which are added up at the end. On a Cortex-A72 the multiplications go to one vector
// pipe and the additions to the other: 8 multiply-adds a cycle, all that its multiplier has.

constexpr int kInt8Width = 4;
constexpr int kInt8Depth = 16;

inline int64_t packed_int8_bytes(int64_t n_k) {
  return (n_k + kInt8Depth - 1) / kInt8Depth * kInt8Depth * kInt8Width;
}

inline void pack_int8(const PackArgs& args) {
  memset(args.out, 0, static_cast<size_t>(packed_int8_bytes(args.n_k)));
  for (int64_t n = 0; n < args.n_cols; ++n) {
    const std::byte* from = args.b + n * args.n_stride;
    for (int64_t k = 0; k < args.n_k; ++k) {
      args.out[(k / kInt8Depth * kInt8Width + n) * kInt8Depth + k % kInt8Depth] = *from;
      from += args.k_stride;
    }
  }
}

struct S8 {
  static int32x4_t multiply_add(int32x4_t sum, uint8x16_t a, uint8x16_t b) {
    const int8x16_t sa = vreinterpretq_s8_u8(a), sb = vreinterpretq_s8_u8(b);
    sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(sa), vget_low_s8(sb)));
    return vpadalq_s16(sum, vmull_high_s8(sa, sb));
  }
};
struct U8 {
  static int32x4_t multiply_add(int32x4_t sum, uint8x16_t a, uint8x16_t b) {
    uint32x4_t unsigned_sum = vreinterpretq_u32_s32(sum);
    unsigned_sum = vpadalq_u16(unsigned_sum, vmull_u8(vget_low_u8(a), vget_low_u8(b)));
    return vreinterpretq_s32_u32(vpadalq_u16(unsigned_sum, vmull_high_u8(a, b)));
  }
};

template <typename Type, int kRows, int kPanels>
[[gnu::always_inline]] inline void add_int8_depth(int32x4_t (&sums)[kRows][kPanels][4],
                                                  const uint8x16_t (&a)[kRows], const std::byte* b,
                                                  int64_t panel_bytes) {
  unrolled<kPanels>([&](auto p) {
    unrolled<4>([&](auto n) {
      const std::byte* at = b + p * panel_bytes + n * kInt8Depth;
      const uint8x16_t w = vld1q_u8(reinterpret_cast<const uint8_t*>(at));
      unrolled<kRows>([&](auto r) { sums[r][p][n] = Type::multiply_add(sums[r][p][n], a[r], w); });
    });
  });
}

template <typename Type, int kRows, int kPanels>
[[gnu::flatten]] void packed_int8_tile(const TileArgs& args) {
  int32x4_t sums[kRows][kPanels][4];
  unrolled<kRows>([&](auto r) {
    unrolled<kPanels>(
        [&](auto p) { unrolled<4>([&](auto n) { sums[r][p][n] = vdupq_n_s32(0); }); });
  });
  const std::byte* a = args.a;
  const std::byte* b = args.b + packed_int8_bytes(args.first_k);
  uint8x16_t rows[kRows];
  int64_t left = args.n_k;
  for (; left >= kInt8Depth; left -= kInt8Depth) {
    unrolled<kRows>([&](auto r) {
      rows[r] = vld1q_u8(reinterpret_cast<const uint8_t*>(a + r * args.a_row_bytes));
    });
    add_int8_depth<Type>(sums, rows, b, args.panel_bytes);
    a += kInt8Depth;
    b += kInt8Depth * kInt8Width;
  }
  if (left > 0) {
    unrolled<kRows>([&](auto r) { rows[r] = load_bytes_partial(a + r * args.a_row_bytes, left); });
    add_int8_depth<Type>(sums, rows, b, args.panel_bytes);
  }
  Sums<int32x4_t, kRows, kPanels> c;
  c.load(args);
  unrolled<kRows>([&](auto r) {
    unrolled<kPanels>([&](auto p) {
      const auto& four = sums[r][p];
      c.at[r][p] = vaddq_s32(
          c.at[r][p], vpaddq_s32(vpaddq_s32(four[0], four[1]), vpaddq_s32(four[2], four[3])));
    });
  });
  c.store(args);
}

template <typename Type, int kRows, int kPanels>
constexpr Tile int8_tile() {
  return {.min_rows = kRows,
          .max_rows = kRows,
          .panels = kPanels,
          .run = whole_tile<packed_int8_tile<Type, kRows, kPanels>, kRows, 4 * kPanels>};
}

template <typename Type>
constexpr Tile kInt8Tiles[] = {int8_tile<Type, 1, 1>(), int8_tile<Type, 1, 2>(),
                               int8_tile<Type, 1, 4>(), int8_tile<Type, 2, 1>(),
                               int8_tile<Type, 2, 2>(), int8_tile<Type, 3, 1>(),
                               int8_tile<Type, 3, 2>(), int8_tile<Type, 4, 1>()};

template <typename Type>
constexpr PackedKernel packed_int8() {
  return {.isa = "neon",
          .layout = "[k / 16][4][16] int8",
          .width = kInt8Width,
          .k_unit = kInt8Depth,
          .panel_bytes = packed_int8_bytes,
          .pack = pack_int8,
          .tiles = kInt8Tiles<Type>,
          .n_tiles = sizeof kInt8Tiles<Type> / sizeof(Tile)};
}
