// The order for a Cortex-A55, after arm_in_order.inl.h: a multiply-add takes the vector pipe for a
// cycle, and any one of `ldr d`, `ldr x` and `ins` goes beside it. So a 16-byte load costs three
// multiply-adds' company, and nothing where there are as many.

struct ScheduleA55 {
  // An upper half may be moved three cycles after its load: so many loads later.
  static constexpr int pending(int macs, int loads) { return macs < 2 * loads ? 2 : 1; }

  template <bool kMore, int kParity, typename S>
  [[gnu::always_inline]] static void group(S& s) {
    constexpr int kLag = pending(S::kMacs, S::kLoads);
    constexpr int kRiders = 3 * S::kLoads;
    // Where there is room, the last load is whole before the next group begins.
    constexpr int kPlaces = S::kMacs > kRiders + 3 ? S::kMacs - 3 : S::kMacs;
    unrolled<S::kMacs>([&](auto i) {
      s.template multiply_add<kParity, i>();
      if constexpr (kMore && kParity == 1 && i == S::kMacs - 2) s.count_down();
      constexpr int kFirst = first_rider(i, kRiders, kPlaces);
      constexpr int kEnd = first_rider(i + 1, kRiders, kPlaces);
      unrolled<kEnd - kFirst>([&](auto j) {
        constexpr int l = S::kLead + (kFirst + j) / 3;
        static_assert(S::is_free(l, i + 1) && S::is_in_time(l - kLag, i + 1));
        ride<kMore, kParity, kLag, kFirst + j>(s);
      });
    });
    s.template next_group<kLag>();
  }

 private:
  static constexpr int first_rider(int mac, int riders, int places) {
    return mac < places ? mac * riders / places : riders;
  }
  template <bool kMore, int kParity, int kLag, int kRider, typename S>
  [[gnu::always_inline]] static void ride(S& s) {
    constexpr int l = S::kLead + kRider / 3;
    constexpr bool kWanted = kMore || (l < S::kLoads && S::lhs_of(l) < 0);
    if constexpr (kRider % 3 == 0 && kWanted) s.template load_low_of<kParity, l>();
    if constexpr (kRider % 3 == 1 && kWanted) s.template load_high_of<l>();
    constexpr int m = l - kLag;
    constexpr bool kInserted = kMore || (m < S::kLoads && S::lhs_of(m) < 0);
    if constexpr (kRider % 3 == 2 && kInserted) s.template insert_of<kParity, m>();
  }
};

// What a tile has ahead and holds of weights: enough for a load's way, few enough for 32 registers.
template <typename Type>
constexpr Tile kTilesA55[] = {in_order<ScheduleA55, Type, 1, 1, false, 6, 12>(),
                              in_order<ScheduleA55, Type, 1, 4, false, 6, 12>(),
                              in_order<ScheduleA55, Type, 2, 1, false, 4, 12>(),
                              in_order<ScheduleA55, Type, 2, 2, false, 4, 6>(),
                              in_order<ScheduleA55, Type, 3, 1, false, 3, 6>(),
                              in_order<ScheduleA55, Type, 3, 2, false, 3, 4>(),
                              in_order<ScheduleA55, Type, 4, 1, false, 3, 4>(),
                              in_order<ScheduleA55, Type, 8, 1, true, 2, 3>()};

template <typename Type>
constexpr PackedKernel in_order_a55(const char* isa, const char* layout) {
  PackedKernel kernel = by_element<Type>(isa, layout);
  kernel.tiles = kTilesA55<Type>;
  kernel.n_tiles = sizeof kTilesA55<Type> / sizeof(Tile);
  return kernel;
}
