// Tiles for cores that execute out of order, from multiply-adds of a vector of columns by one
// element of A: fmla for floats, sdot and udot for bytes. Included in an unnamed namespace after
// arm_vec.inl.h and arm_tile.inl.h.
//
// A unit is 4 bytes of A along k, one float or four bytes, and kWidth columns of B. A panel is
// [unit][column]. C stays in registers while the panels stream past; each sum takes one
// multiply-add per unit, in ascending order, in every tile.
//
// Type says
//   Lhs, Sum      four units of a row of A; four columns of C
//   kUnitK        elements in a unit
//   kVecBytes     of four columns of B in a unit
//   load_lhs      16 bytes
//   load_columns  four columns of a unit, as multiply_add takes them
//   multiply_add  sum + b * (unit `lane` of a)

constexpr int kWidth = 12;
constexpr int kWidthVecs = kWidth / 4;
constexpr int kGroupRows = 8;

template <typename Type>
constexpr int64_t kUnitBytes = kWidthVecs* Type::kVecBytes;

template <typename Type>
int64_t unit_panel_bytes(int64_t n_k) {
  return (n_k + Type::kUnitK - 1) / Type::kUnitK * kUnitBytes<Type>;
}

template <typename Type>
void pack_units(const PackArgs& args) {
  constexpr int64_t kElemBytes = kUnitBytes<Type> / kWidth / Type::kUnitK;
  memset(args.out, 0, static_cast<size_t>(unit_panel_bytes<Type>(args.n_k)));
  for (int64_t n = 0; n < args.n_cols; ++n) {
    const std::byte* from = args.b + n * args.n_stride;
    for (int64_t k = 0; k < args.n_k; ++k) {
      const int64_t unit = k / Type::kUnitK * kWidth + n;
      memcpy(args.out + (unit * Type::kUnitK + k % Type::kUnitK) * kElemBytes, from, kElemBytes);
      from += args.k_stride;
    }
  }
}

// Groups: [unit][row] in units of four bytes.
template <typename Type>
int64_t unit_group_bytes(int64_t n_k) {
  return (n_k + Type::kUnitK - 1) / Type::kUnitK * kGroupRows * 4;
}

// Four units of four rows, transposed; the first n_units of them are stored.
inline void store_units(const uint8x16_t (&rows)[4], int64_t n_units, std::byte* out) {
  uint32x4_t of[4];
  for (int r = 0; r < 4; ++r) of[r] = vreinterpretq_u32_u8(rows[r]);
  const uint32x4_t low_02 = vzip1q_u32(of[0], of[2]), low_13 = vzip1q_u32(of[1], of[3]);
  const uint32x4_t high_02 = vzip2q_u32(of[0], of[2]), high_13 = vzip2q_u32(of[1], of[3]);
  const uint32x4_t units[4] = {vzip1q_u32(low_02, low_13), vzip2q_u32(low_02, low_13),
                               vzip1q_u32(high_02, high_13), vzip2q_u32(high_02, high_13)};
  for (int u = 0; u < 4; ++u) {
    if (u < n_units) vst1q_u32(reinterpret_cast<uint32_t*>(out + u * kGroupRows * 4), units[u]);
  }
}

// Four of a group's rows, row_bytes each. Missing ones read zeros, again and again.
inline void group_four_rows(const GroupArgs& args, int64_t first_row, int64_t row_bytes,
                            std::byte* out) {
  const std::byte zeros[16] = {};
  const std::byte* at[4];
  int64_t step[4];
  for (int64_t r = 0; r < 4; ++r) {
    const bool missing = first_row + r >= args.n_rows;
    at[r] = missing ? zeros : args.a + (first_row + r) * args.a_row_bytes;
    step[r] = missing ? 0 : 16;
  }
  uint8x16_t rows[4];
  int64_t left = row_bytes;
  for (; left >= 16; left -= 16) {
    for (int r = 0; r < 4; ++r) {
      rows[r] = load_bytes(at[r]);
      at[r] += step[r];
    }
    store_units(rows, 4, out);
    out += 4 * kGroupRows * 4;
  }
  if (left == 0) return;
  for (int r = 0; r < 4; ++r) rows[r] = load_bytes_partial(at[r], left);
  store_units(rows, (left + 3) / 4, out);
}

template <typename Type>
void group_units(const GroupArgs& args) {
  const int64_t row_bytes = args.n_k * (4 / Type::kUnitK);
  group_four_rows(args, 0, row_bytes, args.out);
  group_four_rows(args, 4, row_bytes, args.out + 16);
}

template <typename Type, int kRows, int kVecs>
using UnitSums = Sums<typename Type::Sum, kRows, kVecs>;

// One unit, `lane` of a.
template <typename Type, int kRows, int kPanels, int lane>
[[gnu::always_inline]] inline void add_unit(UnitSums<Type, kRows, kPanels * kWidthVecs>& sums,
                                            const typename Type::Lhs (&a)[kRows],
                                            const std::byte* const (&b)[kPanels], int64_t unit) {
  unrolled<kPanels>([&](auto p) {
    unrolled<kWidthVecs>([&](auto v) {
      const auto w = Type::load_columns(b[p] + unit * kUnitBytes<Type> + v * Type::kVecBytes);
      constexpr int i = p * kWidthVecs + v;
      unrolled<kRows>([&](auto r) {
        sums.at[r][i] = Type::template multiply_add<lane>(sums.at[r][i], w, a[r]);
      });
    });
  });
}

// The last elements of rows, fewer than four units: one unit at a time, nothing behind them read.
template <typename Type, int kRows, int kPanels>
[[gnu::always_inline]] inline void add_last_units(UnitSums<Type, kRows, kPanels * kWidthVecs>& sums,
                                                  const std::byte* (&rows)[kRows],
                                                  const std::byte* (&b)[kPanels], int64_t left) {
  typename Type::Lhs a[kRows];
  for (; left > 0; left -= Type::kUnitK) {
    constexpr int64_t kElemBytes = 4 / Type::kUnitK;
    const int64_t n_bytes = left < Type::kUnitK ? left * kElemBytes : 4;
    unrolled<kRows>([&](auto r) {
      const uint8x16_t bytes = load_bytes_partial(rows[r], n_bytes);
      memcpy(&a[r], &bytes, sizeof a[r]);
      rows[r] += 4;
    });
    add_unit<Type, kRows, kPanels, 0>(sums, a, b, 0);
    unrolled<kPanels>([&](auto p) { b[p] += kUnitBytes<Type>; });
  }
}

// Up to 7 rows of A where they stand: a load takes four units of a row.
template <typename Type, int kRows, int kPanels>
[[gnu::flatten]] void flat_tile(const TileArgs& args) {
  UnitSums<Type, kRows, kPanels * kWidthVecs> sums;
  sums.load(args);
  const std::byte *rows[kRows], *b[kPanels];
  unrolled<kRows>([&](auto r) { rows[r] = args.a + r * args.a_row_bytes; });
  unrolled<kPanels>(
      [&](auto p) { b[p] = args.b + p * args.panel_bytes + unit_panel_bytes<Type>(args.first_k); });
  typename Type::Lhs a[kRows];
  int64_t left = args.n_k;
  for (; left >= 4 * Type::kUnitK; left -= 4 * Type::kUnitK) {
    unrolled<kRows>([&](auto r) {
      a[r] = Type::load_lhs(rows[r]);
      rows[r] += 16;
    });
    unrolled<4>([&](auto u) { add_unit<Type, kRows, kPanels, u>(sums, a, b, u); });
    unrolled<kPanels>([&](auto p) { b[p] += 4 * kUnitBytes<Type>; });
  }
  add_last_units<Type, kRows, kPanels>(sums, rows, b, left);
  sums.store(args);
}

// 8 rows, interleaved: 24 sums, and 5 loads for 24 multiply-adds.
template <typename Type>
[[gnu::flatten]] void grouped_tile(const TileArgs& args) {
  UnitSums<Type, kGroupRows, kWidthVecs> sums;
  sums.load(args);
  const std::byte* a = args.a;
  const std::byte* b = args.b + unit_panel_bytes<Type>(args.first_k);
  const int64_t n_units = (args.n_k + Type::kUnitK - 1) / Type::kUnitK;
#pragma GCC unroll 2
  for (int64_t i = 0; i < n_units; ++i) {
    const typename Type::Lhs four[2] = {Type::load_lhs(a), Type::load_lhs(a + 16)};
    unrolled<kWidthVecs>([&](auto v) {
      const auto w = Type::load_columns(b + v * Type::kVecBytes);
      unrolled<kGroupRows>([&](auto r) {
        sums.at[r][v] = Type::template multiply_add<r % 4>(sums.at[r][v], w, four[r / 4]);
      });
    });
    a += kGroupRows * 4;
    b += kUnitBytes<Type>;
  }
  sums.store(args);
}

template <typename Type, int kRows, int kPanels>
constexpr Tile flat() {
  constexpr int kColumns = kPanels * kWidth;
  return {.min_rows = kRows,
          .max_rows = kRows,
          .panels = kPanels,
          .run = whole_tile<flat_tile<Type, kRows, kPanels>, kRows, kColumns>};
}
template <typename Type>
constexpr Tile grouped() {
  return {.min_rows = kGroupRows,
          .max_rows = kGroupRows,
          .panels = 1,
          .grouped = true,
          .run = whole_tile<grouped_tile<Type>, kGroupRows, kWidth>};
}

// At least 9 sums where the columns allow it: 2 multiply-adds a cycle of 4 cycles' latency.
template <typename Type>
constexpr Tile kUnitTiles[] = {flat<Type, 1, 1>(), flat<Type, 1, 2>(), flat<Type, 1, 3>(),
                               flat<Type, 1, 4>(), flat<Type, 2, 1>(), flat<Type, 2, 2>(),
                               flat<Type, 2, 3>(), flat<Type, 3, 1>(), flat<Type, 3, 2>(),
                               flat<Type, 4, 1>(), flat<Type, 4, 2>(), flat<Type, 5, 1>(),
                               flat<Type, 6, 1>(), flat<Type, 7, 1>(), grouped<Type>()};

template <typename Type>
constexpr PackedKernel by_element(const char* isa, const char* layout) {
  return {.isa = isa,
          .layout = layout,
          .width = kWidth,
          .k_unit = Type::kUnitK,
          .unit_step = true,
          .panel_bytes = unit_panel_bytes<Type>,
          .pack = pack_units<Type>,
          .tiles = kUnitTiles<Type>,
          .n_tiles = sizeof kUnitTiles<Type> / sizeof(Tile),
          .group_rows = kGroupRows,
          .group_bytes = unit_group_bytes<Type>,
          .group = group_units<Type>};
}
