// The order for a Cortex-A53, after arm_in_order.inl.h. A multiply-add pairs with `ldr x`, not with
// a vector load or `ins`, which pair with each other; and no vector load issues in the fourth cycle
// after a floating-point multiply-add. So loads come in chains, four cycles apart:
//   cycle 0   ins (of the load before), ldr d
//   cycle 1   multiply-add, ldr x
//   cycle 2   multiply-add
//   cycle 3   multiply-add
// or, where there are more loads than that takes, two cycles apart, with the first two lines only.
// Where there are fewer, a chain ends with its `ins` alone, three multiply-adds before the next one
// starts: the cycle that the next `ldr d` needs free.

struct ScheduleA53 {
  static constexpr int pending(int macs, int loads) { return macs < 3 * loads ? 2 : 1; }

  template <bool kMore, int kParity, typename S>
  [[gnu::always_inline]] static void group(S& s) {
    constexpr int kLag = pending(S::kMacs, S::kLoads);
    constexpr Places kPlaces(S::kMacs, S::kLoads);
    unrolled<S::kMacs + 1>([&](auto i) {
      constexpr int kFirst = kPlaces.before[i], kEnd = kPlaces.before[i + 1];
      if constexpr (i == kPlaces.lone_insert) insert<kMore, kParity, S::kLead - kLag>(s);
      unrolled<kEnd - kFirst>([&](auto j) {
        constexpr int l = S::kLead + kFirst + j;
        static_assert(S::is_free(l, i) && S::is_in_time(l - kLag, i));
        if constexpr (kPlaces.lone_insert < 0 || kFirst + j > 0) {
          insert<kMore, kParity, l - kLag>(s);
        }
        if constexpr (wanted<kMore, l, S>()) s.template load_low_of<kParity, l>();
        // The last one's upper half waits for the multiply-add.
        if constexpr (j + 1 < kEnd - kFirst && wanted<kMore, l, S>()) {
          s.template load_high_of<l>();
        }
      });
      if constexpr (i < S::kMacs) s.template multiply_add<kParity, i>();
      if constexpr (kFirst < kEnd) {
        constexpr int l = S::kLead + kEnd - 1;
        if constexpr (wanted<kMore, l, S>()) s.template load_high_of<l>();
      }
      if constexpr (kMore && kParity == 1 && i == S::kMacs - 2) s.count_down();
    });
    s.template next_group<kLag>();
  }

 private:
  // before[i]: loads that begin before multiply-add i.
  struct Places {
    int before[512] = {};
    int lone_insert = -1;  // before which multiply-add an `ins` stands alone, if at all
    constexpr Places(int macs, int loads) {
      int load = 0, mac = 0;
      const auto place = [&](int n_macs, int n_loads) {
        for (int k = 0; k < n_macs && mac < macs; ++k) {
          before[mac++] = load;
          if (k < n_loads && load < loads) ++load;
        }
      };
      // A chain that ends starts as late as leaves a gap of three behind it.
      const int spare = macs - 3 * loads;
      if (spare >= 3) {
        lone_insert = (spare - 3) / 4;
        place(lone_insert + 3, 0);
      }
      // Two cycles apart only in one run at the start: coming to it from the wider pattern costs
      // two cycles. For a few loads too many it does not pay: those go behind.
      for (int run = 2 * macs < 5 * loads ? -spare / 4 : 0; run > 0; --run) place(2, 2);
      while (mac < macs) place(3, 1);
      before[macs] = load;
      before[macs + 1] = loads;
    }
  };

  // Whether load l, counted from the group's start, is there at all.
  template <bool kMore, int l, typename S>
  static constexpr bool wanted() {
    return kMore || (l < S::kLoads && S::lhs_of(l) < 0);
  }
  template <bool kMore, int kParity, int l, typename S>
  [[gnu::always_inline]] static void insert(S& s) {
    if constexpr (wanted<kMore, l, S>()) s.template insert_of<kParity, l>();
  }
};

// What a tile has ahead and holds of weights: enough for a load's way, few enough for 32 registers.
template <typename Type>
constexpr Tile kTilesA53[] = {in_order<ScheduleA53, Type, 1, 1, false, 6, 12>(),
                              in_order<ScheduleA53, Type, 1, 4, false, 6, 12>(),
                              in_order<ScheduleA53, Type, 2, 1, false, 4, 12>(),
                              in_order<ScheduleA53, Type, 2, 2, false, 4, 12>(),
                              in_order<ScheduleA53, Type, 3, 1, false, 3, 6>(),
                              in_order<ScheduleA53, Type, 4, 1, false, 3, 4>(),
                              in_order<ScheduleA53, Type, 8, 1, true, 2, 3>()};

template <typename Type>
constexpr PackedKernel in_order_a53(const char* isa, const char* layout) {
  PackedKernel kernel = by_element<Type>(isa, layout);
  kernel.tiles = kTilesA53<Type>;
  kernel.n_tiles = sizeof kTilesA53<Type> / sizeof(Tile);
  return kernel;
}
