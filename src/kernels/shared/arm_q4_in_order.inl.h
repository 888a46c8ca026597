// Tiles of packed Q4_0 for cores that issue instructions in order: the panels and ready rows of
// arm_blocks.inl.h, after which, and arm_scheduled.inl.h, it is included in an unnamed namespace.
//
// One iteration takes a block of 32 k. Its body holds the sums' way to C of the block before for
// the last rows, the block's products, and the loads of the next one, in the order that order_of
// finds; each is one volatile assembly statement, which compilers keep in place. No 16-byte load:
// see arm_in_order.inl.h.
//
// Dot says, besides what arm_blocks.inl.h wants: kBySdot, and Pairs, what the core pairs.

template <typename Dot, int kRows>
struct Q4Body {
  enum Kind {
    kLoadLow,   // a: target, 0..3 weights, 4.. x; b, c: row and half of x
    kLoadHigh,  // the same
    kInsert,    // the same
    kLoadScale,
    kWidenScale,
    kLoadMore,  // a: row
    kMask,      // a: weights
    kShift,
    kStart,     // a: row
    kZero,      // a: row, its second chain
    kMultiply,  // a: row, b: eighth of k (sdot) or quarter (smull), c: column (smull)
    kAddPairs,  // a: row, b: which
    kAddLong,   // a: row: what the products add up to, or one chain to the other
    kFloat,     // a: row
    kScale,
    kAdd,
    kKeep,
  };
  static constexpr bool kBySdot = Dot::kBySdot;
  static constexpr int kUses = 2 * kRows;  // of x: 16 bytes of a row
  static constexpr int kX = kRows == 3 && !kBySdot ? 3 : kUses < 4 || kRows == 3 ? kUses : 4;
  // Two where rows are too few to hide the latency of sdot.
  static constexpr int kChains = kRows <= 2 ? 2 : 1;
  static constexpr int kRing = kBySdot ? kRows : kRows < 2 ? 1 : 2;  // rows whose sums are at work
  static constexpr int kFirstDelayed = kBySdot && kRows == 4 ? 2 : kRows - (kBySdot ? kRows : 1);
  // Which of a row's sums goes to C: two chains are added up in a third, and start again.
  static constexpr int kLast = kBySdot && kChains == 2 ? 2 : 0;
  static constexpr bool kOwnRaw =
      kRows == 1 || kBySdot;  // weights have registers besides those of nibbles
  // A lone row's chain of sdot is so long that it must start before the row's last sum has gone to
  // C: what that still wants of A goes to a register of its own.
  static constexpr bool kKeeps = kBySdot && kRows == 1;
  static constexpr int kBytes = static_cast<int>(kPackedBytes<Q4_0>);
  static constexpr int kRowBytes = static_cast<int>(sizeof(ReadyBlock));
  static constexpr int kMaxInsns = 256;
  using List = Insns<kMaxInsns>;

  // Whether `more` of a row is loaded with the block before: not into a register that a delayed row
  // still wants then.
  static constexpr bool more_comes_ahead(int row) {
    bool wanted = row >= kRing;
    for (int late = kFirstDelayed; late < kRows; ++late) wanted |= late % kRing == row % kRing;
    return kKeeps || !wanted;
  }

  // Registers, as numbers for order_of.
  static constexpr int kRaw = 0, kHigh = 8, kQ = 24, kXs = 32, kRawScale = 48, kD = 49, kMore = 50,
                       kKept = 58, kSum = 60, kNarrow = 72, kC = 80;
  static constexpr int vector_of(int target) {
    return target >= 4 ? kXs + target - 4 : kOwnRaw ? kRaw + target : kQ + 4 + target;
  }
  static constexpr int x_of(int row, int half) {
    return (kBySdot ? half * kRows + row : 2 * row + half) % kX;
  }

  static constexpr void add(List& list, Insn insn) { list.at[list.n++] = insn; }
  static constexpr void add_load(List& list, int target, int row, int half, bool next) {
    const int v = vector_of(target), high = kHigh + target;
    add(list, {kLoadLow, target, row, half, Unit::load_low, 4, 1, {-1, -1, -1, -1}, v, next});
    add(list, {kLoadHigh, target, row, half, Unit::load_high, 3, 1, {-1, -1, -1, -1}, high, next});
    add(list, {kInsert, target, row, half, Unit::insert, 3, 1, {v, high, -1, -1}, v, next});
  }
  // x's use number `use`, from kUses on of the next block.
  static constexpr void add_x(List& list, int use, bool next) {
    const int row = kBySdot ? use % kRows : use / 2, half = kBySdot ? use / kRows : use % 2;
    add_load(list, 4 + x_of(row, half), row, half, next);
  }
  static constexpr void add_more(List& list, int row, bool next) {
    add(list,
        {kLoadMore, row, 0, 0, Unit::load_low, 4, 1, {-1, -1, -1, -1}, kMore + row % kRing, next});
  }
  static constexpr void add_vector(List& list, Kind kind, int a, int b, int c, int latency,
                                   int cycles, int write, int r0, int r1 = -1, int r2 = -1) {
    add(list, {kind, a, b, c, Unit::vector, latency, cycles, {r0, r1, r2, -1}, write, false});
  }
  static constexpr void add_start(List& list, int row) {
    add_vector(list, kStart, row, 0, 0, 3, 1, sum(row, 0), kMore + row % kRing);
  }
  static constexpr int sum(int row, int chain) { return kSum + row % kRing * 3 + chain; }
  static constexpr int narrow(int row, int n) { return kNarrow + row % kRing * 4 + n; }

  static constexpr void add_tail(List& list, int row) {
    if (!kBySdot) {
      add_vector(list, kAddPairs, row, 0, 0, 4, 1, narrow(row, 0), narrow(row, 0), narrow(row, 1));
      add_vector(list, kAddPairs, row, 1, 0, 4, 1, narrow(row, 2), narrow(row, 2), narrow(row, 3));
      add_vector(list, kAddPairs, row, 2, 0, 4, 1, narrow(row, 0), narrow(row, 0), narrow(row, 2));
      add_start(list, row);
      add_vector(list, kAddLong, row, 0, 0, 4, 2, sum(row, 0), sum(row, 0), narrow(row, 0));
    } else if (kChains == 2) {
      add_vector(list, kAddLong, row, 0, 0, 3, 1, sum(row, kLast), sum(row, 0), sum(row, 1));
    }
    add_vector(list, kFloat, row, 0, 0, 4, 1, sum(row, kLast), sum(row, kLast));
    add_vector(list, kScale, row, 0, 0, 4, 1, sum(row, kLast), sum(row, kLast), kD);
    add_vector(list, kAdd, row, 0, 0, 4, 1, kC + row, kC + row, sum(row, kLast),
               kKeeps ? kKept : kMore + row % kRing);
  }
  static constexpr void add_multiply(List& list, int row, int part, int n) {
    const int x = kXs + x_of(row, part / (kBySdot ? 4 : 2));
    if (kBySdot) {
      const int to = sum(row, kChains == 2 ? part / 4 : 0);
      add_vector(list, kMultiply, row, part, 0, 4, 1, to, to, kQ + part, x);
    } else {
      const int to = narrow(row, n);
      add_vector(list, kMultiply, row, part, n, 4, 1, to, part == 0 ? -1 : to,
                 kQ + part / 2 * 4 + n, x);
    }
  }
  // All of a use of x.
  static constexpr void add_use(List& list, int use) {
    const int row = kBySdot ? use % kRows : use / 2, half = kBySdot ? use / kRows : use % 2;
    if (kBySdot && half == 0) {
      if (!more_comes_ahead(row)) add_more(list, row, false);
      if (kKeeps) add_vector(list, kKeep, 0, 0, 0, 3, 1, kKept, kMore);
      add_start(list, row);
      if (kChains == 2) {
        add_vector(list, kZero, row, 0, 0, 3, 1, sum(row, 1), -1);
      }
    }
    if (!kBySdot && half == 0 && !more_comes_ahead(row)) {
      add_more(list, row, false);
    }
    for (int i = 0; i < (kBySdot ? 4 : 8); ++i) {
      kBySdot ? add_multiply(list, row, 4 * half + i, 0)
              : add_multiply(list, row, 2 * half + i / 4, i % 4);
    }
    if (half == 1 && row < kFirstDelayed) add_tail(list, row);
  }

  static constexpr void add_loads(List& list, bool next) {
    for (int i = 0; i < 4; ++i) add_load(list, i, 0, 0, next);
    add(list, {kLoadScale, 0, 0, 0, Unit::load_low, 4, 1, {-1, -1, -1, -1}, kRawScale, next});
    for (int row = 0; row < kRows; ++row) {
      if (more_comes_ahead(row)) add_more(list, row, next);
    }
  }
  static constexpr List first_loads() {
    List list;
    add_loads(list, false);
    for (int use = 0; use < kX; ++use) add_x(list, use, false);
    return list;
  }
  static constexpr List last_tails() {
    List list;
    for (int row = kFirstDelayed; row < kRows; ++row) add_tail(list, row);
    return list;
  }
  static constexpr List body() {
    List list = last_tails();
    add_vector(list, kWidenScale, 0, 0, 0, 4, 1, kD, kRawScale);
    for (int i = 0; i < 4; ++i) {
      add_vector(list, kMask, i, 0, 0, 3, 1, kQ + i, vector_of(i));
      add_vector(list, kShift, i, 0, 0, 3, 1, kQ + 4 + i, vector_of(i));
    }
    for (int use = 0; use < kUses; ++use) {
      add_use(list, use);
      const int later = use + kX;
      add_x(list, later % kUses, later >= kUses);
    }
    add_loads(list, true);
    return list;
  }

  // What the instructions work on.
  uint8x16_t raw[4], q[8], x[kX], raw_scale;
  uint64_t high[4 + kX];
  uint8x16_t kept, more[kRing];  // of a ReadyBlock, d and of_sums[0]
  float32x4_t d, c[kRows];
  int32x4_t sums[kRing][3];
  int16x8_t narrows[kRing][4];
  const std::byte *b, *rows;
  int64_t left;  // blocks after this one
  uint8x16_t low_nibbles;
  float32x4_t bias;

  // Where a target's 16 bytes are, kBlock blocks behind b and rows.
  template <int target, int row, int half, int kBlock>
  static constexpr int kOffset = target < 4 ? kBlock* kBytes + 8 + 16 * target
                                            : (kBlock* kRows + row) * kRowBytes + 16 * half;
  template <int target>
  [[gnu::always_inline]] uint8x16_t& vector() {
    if constexpr (target >= 4) return x[target - 4];
    if constexpr (target < 4) return kOwnRaw ? raw[target] : q[4 + target];
  }

  template <int kind, int a, int i, int n, int kBlock>
  [[gnu::always_inline]] void run() {
    if constexpr (kind <= kInsert) {
      load<kind, a, kOffset<a, i, n, kBlock>>();
    } else if constexpr (kind == kLoadScale) {
      raw_scale = loaded_low<kBlock * kBytes>(raw_scale, b);
    } else if constexpr (kind == kLoadMore) {
      more[a % kRing] = loaded_low<kOffset<4, a, 2, kBlock>>(more[a % kRing], rows);
    } else if constexpr (kind == kMultiply) {
      multiply<a, i, n>();
    } else {
      compute<kind, a, i>();
    }
  }

  template <int kind, int target, int kAt>
  [[gnu::always_inline]] void load() {
    const std::byte* from = target < 4 ? b : rows;
    if constexpr (kind == kLoadLow) {
      vector<target>() = loaded_low<kAt>(vector<target>(), from);
    } else if constexpr (kind == kLoadHigh) {
      uint64_t loaded;
      asm volatile("ldr %0, [%1, %2]" : "=r"(loaded) : "r"(from), "i"(kAt + 8));
      high[target] = loaded;
    } else {
      insert_high(vector<target>(), high[target]);
    }
  }
  // `old` names the register.
  template <int kAt>
  [[gnu::always_inline]] static uint8x16_t loaded_low(uint8x16_t old, const std::byte* from) {
    asm volatile("ldr %d0, [%1, %2]" : "+w"(old) : "r"(from), "i"(kAt));
    return old;
  }

  template <int row, int part, int n>
  [[gnu::always_inline]] void multiply() {
    if constexpr (kBySdot) {
      int32x4_t sum = sums[row % kRing][kChains == 2 ? part / 4 : 0];
      asm volatile("sdot %0.4s, %1.16b, %2.4b[%3]"
                   : "+w"(sum)
                   : "w"(q[part]), "w"(x[x_of(row, part / 4)]), "i"(part % 4));
      sums[row % kRing][kChains == 2 ? part / 4 : 0] = sum;
    } else {
      int16x8_t sum = narrows[row % kRing][n];
      const uint8x16_t w = q[part / 2 * 4 + n], by = x[x_of(row, part / 2)];
      if constexpr (part == 0) {
        asm volatile("smull %0.8h, %1.8b, %2.8b" : "+w"(sum) : "w"(w), "w"(by));
      } else if constexpr (part == 2) {
        asm volatile("smlal %0.8h, %1.8b, %2.8b" : "+w"(sum) : "w"(w), "w"(by));
      } else {
        asm volatile("smlal2 %0.8h, %1.16b, %2.16b" : "+w"(sum) : "w"(w), "w"(by));
      }
      narrows[row % kRing][n] = sum;
    }
  }

  template <int kind, int a, int i>
  [[gnu::always_inline]] void compute() {
    constexpr int k = a % kRing;
    if constexpr (kind == kWidenScale) {
      float32x4_t to = d;
      asm volatile("fcvtl %0.4s, %1.4h" : "+w"(to) : "w"(raw_scale));
      d = to;
    } else if constexpr (kind == kMask) {
      uint8x16_t to = q[a];
      asm volatile("and %0.16b, %1.16b, %2.16b" : "+w"(to) : "w"(vector<a>()), "w"(low_nibbles));
      q[a] = to;
    } else if constexpr (kind == kShift) {
      uint8x16_t to = q[4 + a];
      asm volatile("ushr %0.16b, %1.16b, #4" : "+w"(to) : "w"(vector<a>()));
      q[4 + a] = to;
    } else if constexpr (kind == kStart) {
      int32x4_t to = sums[k][0];
      asm volatile("dup %0.4s, %1.s[1]" : "+w"(to) : "w"(more[k]));
      sums[k][0] = to;
    } else if constexpr (kind == kZero) {
      int32x4_t to = sums[k][1];
      asm volatile("movi %0.4s, #0" : "+w"(to));
      sums[k][1] = to;
    } else if constexpr (kind == kAddPairs) {
      int16x8_t to = narrows[k][i == 1 ? 2 : 0];
      asm volatile("addp %0.8h, %0.8h, %1.8h" : "+w"(to) : "w"(narrows[k][i == 2 ? 2 : 2 * i + 1]));
      narrows[k][i == 1 ? 2 : 0] = to;
    } else if constexpr (kind == kAddLong) {
      int32x4_t to = sums[k][kLast];
      if constexpr (kBySdot) {
        asm volatile("add %0.4s, %1.4s, %2.4s" : "+w"(to) : "w"(sums[k][0]), "w"(sums[k][1]));
      } else {
        asm volatile("sadalp %0.4s, %1.8h" : "+w"(to) : "w"(narrows[k][0]));
      }
      sums[k][kLast] = to;
    } else if constexpr (kind == kFloat) {
      int32x4_t to = sums[k][kLast];
      asm volatile("fsub %0.4s, %0.4s, %1.4s" : "+w"(to) : "w"(bias));
      sums[k][kLast] = to;
    } else if constexpr (kind == kScale) {
      int32x4_t to = sums[k][kLast];
      asm volatile("fmul %0.4s, %0.4s, %1.4s" : "+w"(to) : "w"(d));
      sums[k][kLast] = to;
    } else if constexpr (kind == kAdd) {
      float32x4_t to = c[a];
      asm volatile("fmla %0.4s, %1.4s, %2.s[0]"
                   : "+w"(to)
                   : "w"(sums[k][kLast]), "w"(kKeeps ? kept : more[k]));
      c[a] = to;
    } else if constexpr (kind == kKeep) {
      uint8x16_t to = kept;
      asm volatile("mov %0.16b, %1.16b" : "+w"(to) : "w"(more[0]));
      kept = to;
    }
  }

  // b and rows go to the next block before its loads, beside the first instructions.
  [[gnu::always_inline]] void advance() {
    const std::byte *next_b = b, *next_rows = rows;
    asm volatile("add %0, %0, %1" : "+r"(next_b) : "i"(kBytes));
    asm volatile("add %0, %0, %1" : "+r"(next_rows) : "i"(kRows * kRowBytes));
    b = next_b;
    rows = next_rows;
  }
  [[gnu::always_inline]] void count_down() {
    int64_t n = left;
    asm volatile("sub %0, %0, #1" : "+r"(n));
    left = n;
  }

  // All instructions of a list in an order, this block's loads kBlock blocks behind b and rows;
  // unless kMore, none of the next block.
  template <const auto& kList, const auto& kOrder, int kBlock, bool kMore>
  [[gnu::always_inline]] void run_all() {
    unrolled<kList.n>([&](auto i) {
      constexpr Insn kInsn = kList.at[kOrder.at[i]];
      if constexpr (kMore || !kInsn.next) {
        run<kInsn.kind, kInsn.a, kInsn.b, kInsn.c, kBlock + kInsn.next>();
      }
      if constexpr (kMore && i == kList.n - 3) count_down();
    });
  }

  static constexpr List kFirstLoads = first_loads(), kLastTails = last_tails(), kBody = body();
  static constexpr auto kFirstOrder = order_of<typename Dot::Pairs>(kFirstLoads);
  static constexpr auto kLastOrder = order_of<typename Dot::Pairs>(kLastTails);
  static constexpr auto kBodyOrder = order_of<typename Dot::Pairs>(kBody);
};

template <typename Dot, int kRows>
[[gnu::flatten]] void q4_tile(const TileArgs& args) {
  using Body = Q4Body<Dot, kRows>;
  Body s;
  // What is on its way before the first block: nothing, of finite parts.
  const uint8x16_t none = vdupq_n_u8(0);
  unrolled<4>([&](auto i) { s.raw[i] = none; });
  unrolled<8>([&](auto i) { s.q[i] = none; });
  unrolled<Body::kX>([&](auto i) { s.x[i] = none; });
  unrolled<Body::kRing>([&](auto i) {
    s.more[i] = none;
    s.sums[i][0] = s.sums[i][1] = s.sums[i][2] = vdupq_n_s32(0);
    unrolled<4>([&](auto n) { s.narrows[i][n] = vdupq_n_s16(0); });
  });
  s.d = zeros();
  s.raw_scale = s.kept = none;
  s.low_nibbles = vdupq_n_u8(15);
  s.bias = splat(12582912.0f);  // see kStart
  s.b = args.b + packed_blocks_bytes<Q4_0>(args.first_k);
  s.rows = args.a;
  Sums<VecF, kRows, 1> c;
  c.load(args);
  unrolled<kRows>([&](auto r) { s.c[r] = c.at[r][0]; });
  s.template run_all<Body::kFirstLoads, Body::kFirstOrder, 0, false>();
  s.left = args.n_k / 32 - 1;
  while (s.left != 0) {
    s.advance();
    s.template run_all<Body::kBody, Body::kBodyOrder, -1, true>();
  }
  s.template run_all<Body::kBody, Body::kBodyOrder, 0, false>();
  s.template run_all<Body::kLastTails, Body::kLastOrder, 0, false>();
  unrolled<kRows>([&](auto r) { c.at[r][0] = s.c[r]; });
  c.store(args);
}

template <typename Dot, int kRows>
constexpr Tile q4_in_order_tile() {
  return {.min_rows = kRows,
          .max_rows = kRows,
          .panels = 1,
          .grouped = true,
          .run = whole_tile<q4_tile<Dot, kRows>, kRows, kLanes>};
}
template <typename Dot>
constexpr Tile kQ4Tiles[] = {q4_in_order_tile<Dot, 1>(), q4_in_order_tile<Dot, 2>(),
                             q4_in_order_tile<Dot, 3>(), q4_in_order_tile<Dot, 4>()};

template <typename Dot>
constexpr PackedKernel q4_in_order(const char* isa, const char* layout) {
  PackedKernel kernel = arm_blocks<Dot, Q4_0>(isa, layout);
  kernel.tiles = kQ4Tiles<Dot>;
  kernel.n_tiles = sizeof kQ4Tiles<Dot> / sizeof(Tile);
  return kernel;
}
