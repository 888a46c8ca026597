// Tiles for cores that issue instructions in order, from multiply-adds by element: the panels and
// groups of arm_by_element.inl.h, after which it is included in an unnamed namespace.
//
// Such a core stands still wherever an instruction waits, so the order of instructions is written
// out, one volatile assembly statement each: compilers keep their order and only choose registers.
// No 16-byte load, which takes two cycles alone: `ldr d` and `ldr x` take eight bytes each beside
// arithmetic, and `ins` moves the upper half over. What goes beside which multiply-add is the
// Schedule's business:
//   pending(macs, loads)    loads of a group whose `ins` is left to the next one
//   group<more, parity>(s)  all steps of a stream's group; unless `more`, nothing of the next one's
//
// Type says, besides what arm_by_element.inl.h wants: multiply_add_in_place, one statement.

// The vector is read and written even where the instruction only writes: so a value stays in the
// register of the one before it, and the compiler has nothing to move.
[[gnu::always_inline]] inline void load_low(uint8x16_t& to, const std::byte*& at) {
  uint8x16_t loaded = to;
  const std::byte* next = at;
  asm volatile("ldr %d0, [%1], #8" : "+w"(loaded), "+r"(next));
  to = loaded;
  at = next;
}
[[gnu::always_inline]] inline void load_high(uint64_t& to, const std::byte*& at) {
  uint64_t loaded;
  const std::byte* next = at;
  asm volatile("ldr %0, [%1], #8" : "=r"(loaded), "+r"(next));
  to = loaded;
  at = next;
}
[[gnu::always_inline]] inline void insert_high(uint8x16_t& to, uint64_t high) {
  uint8x16_t whole = to;
  asm volatile("ins %0.d[1], %1" : "+w"(whole) : "r"(high));
  to = whole;
}

// What a tile streams: groups of kUnits units, in each kMacs multiply-adds, columns outside and
// rows inside, and kLoads loads, kLead of them ahead of their group: first its weights, then,
// between weights, the next group's rows of A, which have registers of their own.
template <typename Type, int kRows, int kPanels, bool kGrouped, int kLeadLoads, int kRingRegisters>
struct Stream {
  static constexpr int kVecs = kPanels * kWidthVecs;
  static constexpr int kUnits = kGrouped ? 1 : 4;
  static constexpr int kLhs = kGrouped ? 2 : kRows;
  static constexpr int kWeights = kUnits * kVecs;
  static constexpr int kMacs = kWeights * kRows;
  static constexpr int kLoads = kWeights + kLhs;
  static constexpr int kLead = kLeadLoads;
  static constexpr int kRing = kRingRegisters;
  static_assert(kWeights % kRing == 0 && kLead < kWeights);

  uint8x16_t lhs[2][kLhs];
  uint8x16_t weights[kRing];
  uint64_t high[3];  // upper halves on their way
  const std::byte* a[kLhs];
  const std::byte* b[kPanels];
  Sums<typename Type::Sum, kRows, kVecs> sums;
  int64_t pairs_left;  // pairs of groups after which another one follows

  // Load l's place among the next group's rows of A, or -1 for weights.
  static constexpr int lhs_of(int l) {
    for (int i = 0; i < kLhs; ++i) {
      if (l == kLead + (2 * i + 1) * (kLoads - kLead) / (2 * kLhs)) return i;
    }
    return -1;
  }
  static constexpr int weights_of(int l) {
    int n = 0;
    for (int i = 0; i < l; ++i) n += lhs_of(i) < 0;
    return n;
  }

  // Whether load l's register is free before multiply-add i.
  static constexpr bool is_free(int l, int i) {
    if (lhs_of(l % kLoads) >= 0) return true;
    const int held = weights_of(l % kLoads) + l / kLoads * kWeights - kRing;
    return i >= (held + 1) * kRows;
  }

  // Whether load l comes in time if it is whole before multiply-add i.
  static constexpr bool is_in_time(int l, int i) {
    const int u = l / kLoads;
    return lhs_of(l % kLoads) >= 0 || i <= (weights_of(l % kLoads) + u * kWeights) * kRows;
  }

  template <int kParity, int l>
  [[gnu::always_inline]] uint8x16_t& target() {
    constexpr int kPlace = l % kLoads;
    if constexpr (lhs_of(kPlace) >= 0) return lhs[1 - kParity][lhs_of(kPlace)];
    if constexpr (lhs_of(kPlace) < 0) return weights[weights_of(kPlace) % kRing];
  }
  template <int l>
  [[gnu::always_inline]] const std::byte*& source() {
    constexpr int kPlace = l % kLoads;
    if constexpr (lhs_of(kPlace) >= 0) return a[kGrouped ? 0 : lhs_of(kPlace)];
    if constexpr (lhs_of(kPlace) < 0) return b[weights_of(kPlace) % kVecs / kWidthVecs];
  }

  template <int kParity, int i>
  [[gnu::always_inline]] void multiply_add() {
    constexpr int u = i / (kVecs * kRows), v = i / kRows % kVecs, r = i % kRows;
    Type::template multiply_add_in_place<kGrouped ? r % 4 : u>(
        sums.at[r][v], weights[(u * kVecs + v) % kRing], lhs[kParity][kGrouped ? r / 4 : r]);
  }
  // Of load l: from kLoads on, of the next group.
  template <int kParity, int l>
  [[gnu::always_inline]] void load_low_of() {
    load_low(target<kParity, l>(), source<l>());
  }
  template <int l>
  [[gnu::always_inline]] void load_high_of() {
    load_high(high[l % 3], source<l>());
  }
  template <int kParity, int l>
  [[gnu::always_inline]] void insert_of() {
    insert_high(target<kParity, l>(), high[l % 3]);
  }
  // Counts pairs of groups: a place beside the last but one multiply-add is better than one that
  // the compiler chooses.
  [[gnu::always_inline]] void count_down() {
    int64_t left = pairs_left;
    asm volatile("sub %0, %0, #1" : "+r"(left));
    pairs_left = left;
  }
  // The numbers of loads start again with the next group.
  template <int kPending>
  [[gnu::always_inline]] void next_group() {
    uint64_t held[kPending + 1];
    unrolled<kPending>([&](auto i) { held[i] = high[(kLoads + kLead - 1 - i) % 3]; });
    unrolled<kPending>([&](auto i) { high[(kLead - 1 - i) % 3] = held[i]; });
  }
};

template <typename Schedule, typename Type, int kRows, int kPanels, bool kGrouped, int kLead,
          int kRing>
[[gnu::flatten]] void in_order_tile(const TileArgs& args) {
  using S = Stream<Type, kRows, kPanels, kGrouped, kLead, kRing>;
  constexpr int kPending = Schedule::pending(S::kMacs, S::kLoads);
  static_assert(kPending <= kLead);
  S s;
  s.sums.load(args);
  unrolled<S::kRing>([&](auto i) { s.weights[i] = vdupq_n_u8(0); });
  unrolled<S::kLhs>([&](auto r) { s.lhs[1][r] = vdupq_n_u8(0); });
  const int64_t n_units = (args.n_k + Type::kUnitK - 1) / Type::kUnitK;
  const int64_t n_whole = args.n_k / Type::kUnitK;
  int64_t n_groups = (kGrouped ? n_units : n_whole) / S::kUnits;
  const int64_t n_done = n_groups * S::kUnits;
  const std::byte* panels = args.b + unit_panel_bytes<Type>(args.first_k);
  unrolled<S::kLhs>(
      [&](auto r) { s.a[r] = kGrouped ? args.a + r * 16 : args.a + r * args.a_row_bytes; });
  unrolled<kPanels>([&](auto p) { s.b[p] = panels + p * args.panel_bytes; });
  if (n_groups > 0) {
    unrolled<S::kLhs>([&](auto r) {
      s.lhs[0][r] = load_bytes(s.a[r]);
      s.a[r] += kGrouped ? 32 : 16;
    });
    unrolled<kLead>([&](auto l) {
      s.template load_low_of<0, l>();
      s.template load_high_of<l>();
      if constexpr (l + kPending < kLead) s.template insert_of<0, l>();
    });
    s.pairs_left = (n_groups - 1) / 2;
    while (s.pairs_left != 0) {
      Schedule::template group<true, 0>(s);
      Schedule::template group<true, 1>(s);
    }
    if (n_groups % 2 == 0) {
      Schedule::template group<true, 0>(s);
      Schedule::template group<false, 1>(s);
    } else {
      Schedule::template group<false, 0>(s);
    }
  }
  if constexpr (!kGrouped) {
    const std::byte *rows[kRows], *b[kPanels];
    unrolled<kRows>([&](auto r) { rows[r] = args.a + r * args.a_row_bytes + n_done * 4; });
    unrolled<kPanels>(
        [&](auto p) { b[p] = panels + p * args.panel_bytes + n_done * kUnitBytes<Type>; });
    add_last_units<Type, kRows, kPanels>(s.sums, rows, b, args.n_k - n_done * Type::kUnitK);
  }
  s.sums.store(args);
}

template <typename Schedule, typename Type, int kRows, int kPanels, bool kGrouped, int kLead,
          int kRing>
constexpr Tile in_order() {
  return {.min_rows = kRows,
          .max_rows = kRows,
          .panels = kPanels,
          .grouped = kGrouped,
          .run = whole_tile<in_order_tile<Schedule, Type, kRows, kPanels, kGrouped, kLead, kRing>,
                            kRows, kPanels * kWidth>};
}
