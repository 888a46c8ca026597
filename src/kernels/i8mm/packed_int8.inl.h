// Packed int8 and uint8 weights with the matrix instructions. Included in an unnamed namespace
// after arm_tile.inl.h.
//
// smmla takes two rows of A and two columns of B, eight k of each, and adds to four sums: 32
// multiply-adds, with a unit of 8 k. A panel is [unit][8 columns][8], a group [unit][8 rows][8]: so
// a 16-byte load is a pair of either. Sixteen sums of 2 x 2 stay in registers.

constexpr int kUnitK = 8;
constexpr int kWidth = 8;
constexpr int kGroupRows = 8;
constexpr int64_t kUnitBytes = kUnitK * kWidth;

inline int64_t unit_bytes(int64_t n_k) { return (n_k + kUnitK - 1) / kUnitK * kUnitBytes; }

inline void pack_units(const PackArgs& args) {
  memset(args.out, 0, static_cast<size_t>(unit_bytes(args.n_k)));
  for (int64_t n = 0; n < args.n_cols; ++n) {
    const std::byte* from = args.b + n * args.n_stride;
    for (int64_t k = 0; k < args.n_k; ++k) {
      args.out[k / kUnitK * kUnitBytes + n * kUnitK + k % kUnitK] = *from;
      from += args.k_stride;
    }
  }
}

// Only whole groups are used: the tiles of fewer rows read them where they stand.
inline void group_rows(const GroupArgs& args) {
  for (int64_t r = 0; r < args.n_rows; ++r) {
    const std::byte* from = args.a + r * args.a_row_bytes;
    std::byte* to = args.out + r * kUnitK;
    int64_t left = args.n_k;
    for (; left >= kUnitK; left -= kUnitK) {
      memcpy(to, from, kUnitK);
      from += kUnitK;
      to += kUnitBytes;
    }
    if (left == 0) continue;
    memset(to, 0, kUnitK);
    memcpy(to, from, static_cast<size_t>(left));
  }
}

struct S8 {
  static int32x4_t multiply_add(int32x4_t sum, uint8x16_t a, uint8x16_t b) {
    return vmmlaq_s32(sum, vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b));
  }
};
struct U8 {
  static int32x4_t multiply_add(int32x4_t sum, uint8x16_t a, uint8x16_t b) {
    return vreinterpretq_s32_u32(vmmlaq_u32(vreinterpretq_u32_s32(sum), a, b));
  }
};

inline uint8x8_t load_eight(const std::byte* at) {
  return vld1_u8(reinterpret_cast<const uint8_t*>(at));
}

// Two rows, or one and zeros, n <= 8 of k.
template <bool kTwo>
[[gnu::always_inline]] inline uint8x16_t load_pair(const std::byte* a, int64_t row_bytes,
                                                   int64_t n) {
  const auto load = [n](const std::byte* at) __attribute__((always_inline)) {
    return n == kUnitK ? load_eight(at) : vget_low_u8(load_bytes_partial(at, n));
  };
  return vcombine_u8(load(a), kTwo ? load(a + row_bytes) : vdup_n_u8(0));
}

template <int kRows>
struct Squares {
  static constexpr int kPairs = (kRows + 1) / 2;
  int32x4_t at[kPairs][kWidth / 2];

  [[gnu::always_inline]] void clear() {
    unrolled<kPairs>(
        [&](auto i) { unrolled<kWidth / 2>([&](auto j) { at[i][j] = vdupq_n_s32(0); }); });
  }
  template <typename Type>
  [[gnu::always_inline]] void add(const uint8x16_t (&a)[kPairs], const std::byte* b) {
    unrolled<kWidth / 2>([&](auto j) {
      const uint8x16_t w = load_bytes(b + 16 * j);
      unrolled<kPairs>([&](auto i) { at[i][j] = Type::multiply_add(at[i][j], a[i], w); });
    });
  }
  [[gnu::always_inline]] void store(const TileArgs& args) const {
    Sums<int32x4_t, kRows, kWidth / 4> c;
    c.load(args);
    unrolled<kRows>([&](auto r) {
      unrolled<kWidth / 4>([&](auto v) {
        const int64x2_t first = vreinterpretq_s64_s32(at[r / 2][2 * v]);
        const int64x2_t second = vreinterpretq_s64_s32(at[r / 2][2 * v + 1]);
        const int64x2_t row = r % 2 == 0 ? vzip1q_s64(first, second) : vzip2q_s64(first, second);
        c.at[r][v] = vaddq_s32(c.at[r][v], vreinterpretq_s32_s64(row));
      });
    });
    c.store(args);
  }
};

template <typename Type, int kRows>
[[gnu::flatten]] void flat_tile(const TileArgs& args) {
  Squares<kRows> sums;
  sums.clear();
  const std::byte* a = args.a;
  const std::byte* b = args.b + unit_bytes(args.first_k);
  uint8x16_t pairs[Squares<kRows>::kPairs];
  const auto load_at = [&](int64_t n) __attribute__((always_inline)) {
    unrolled<Squares<kRows>::kPairs>([&](auto i) {
      pairs[i] = load_pair<(2 * i + 1 < kRows)>(a + 2 * i * args.a_row_bytes, args.a_row_bytes, n);
    });
  };
  int64_t left = args.n_k;
  for (; left >= kUnitK; left -= kUnitK) {
    load_at(kUnitK);
    sums.template add<Type>(pairs, b);
    a += kUnitK;
    b += kUnitBytes;
  }
  if (left > 0) {
    load_at(left);
    sums.template add<Type>(pairs, b);
  }
  sums.store(args);
}

template <typename Type>
[[gnu::flatten]] void grouped_tile(const TileArgs& args) {
  Squares<kGroupRows> sums;
  sums.clear();
  const std::byte* a = args.a;
  const std::byte* b = args.b + unit_bytes(args.first_k);
  uint8x16_t pairs[kGroupRows / 2];
  for (int64_t left = args.n_k; left > 0; left -= kUnitK) {
    unrolled<kGroupRows / 2>([&](auto i) { pairs[i] = load_bytes(a + 16 * i); });
    sums.template add<Type>(pairs, b);
    a += kUnitBytes;
    b += kUnitBytes;
  }
  sums.store(args);
}

template <typename Type, int kRows>
constexpr Tile flat() {
  return {.min_rows = kRows,
          .max_rows = kRows,
          .panels = 1,
          .run = whole_tile<flat_tile<Type, kRows>, kRows, kWidth>};
}
template <typename Type>
constexpr Tile kTiles[] = {flat<Type, 1>(),
                           flat<Type, 2>(),
                           flat<Type, 3>(),
                           flat<Type, 4>(),
                           flat<Type, 5>(),
                           flat<Type, 6>(),
                           flat<Type, 7>(),
                           {.min_rows = kGroupRows,
                            .max_rows = kGroupRows,
                            .panels = 1,
                            .grouped = true,
                            .run = whole_tile<grouped_tile<Type>, kGroupRows, kWidth>}};

template <typename Type>
constexpr PackedKernel packed_int8(const char* layout) {
  return {.isa = "i8mm",
          .layout = layout,
          .width = kWidth,
          .k_unit = kUnitK,
          .unit_step = true,
          .panel_bytes = unit_bytes,
          .pack = pack_units,
          .tiles = kTiles<Type>,
          .n_tiles = sizeof kTiles<Type> / sizeof(Tile),
          .group_rows = kGroupRows,
          .group_bytes = unit_bytes,
          .group = group_rows};
}
