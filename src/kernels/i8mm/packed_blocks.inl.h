// Packed quantised weights with the matrix instructions. Included in an unnamed namespace after
// arm_blocks.inl.h, of which it shares the packing, with units of 8 bytes: so a 16-byte load is
// eight columns of two lanes.
//
// smmla takes those and eight columns of two rows of A, and adds to four sums, [row][lane]: those
// of two rows and four lanes stay in that order until C is stored. Rows of A are made ready in
// pairs; of an odd last one the tiles compute the upper row of such squares, and ignore the lower.

struct BySmmla : StartedSums {
  static constexpr int kUnit = 8;
  static VecI multiply_add(VecI sum, const int8_t* x, VecI q) {
    return vmmlaq_s32(sum, vld1q_s8(x), vreinterpretq_s8_s32(q));
  }
};

// Two rows: what ReadyBlock has of one, each number twice, as the squares want it.
struct ReadyPair {
  int8_t q[4][2][8];
  float d[2][2];
  uint32_t of_sums[2][2][2];
};
static_assert(sizeof(ReadyPair) == 112);

// Per block of 32: the pairs, then the odd row.
template <int kRows>
constexpr int64_t kReadyBlockBytes = kRows / 2 * static_cast<int64_t>(sizeof(ReadyPair)) +
                                     kRows % 2 * static_cast<int64_t>(sizeof(ReadyBlock));

// Sixteen rows, whose sums are half of all registers, share what it costs to unpack weights.
constexpr int kPairedRows = 16;

inline int64_t ready_pairs_bytes(int64_t n_k) { return n_k / 32 * kReadyBlockBytes<kPairedRows>; }

inline void make_pair(const ReadyBlock (&rows)[2], ReadyPair& out) {
  for (int r = 0; r < 2; ++r) {
    for (int i = 0; i < 4; ++i) memcpy(out.q[i][r], rows[r].q + 8 * i, 8);
    for (int twice = 0; twice < 2; ++twice) {
      out.d[r][twice] = rows[r].d;
      for (int half = 0; half < 2; ++half) out.of_sums[half][r][twice] = rows[r].of_sums[half];
    }
  }
}

template <typename Type>
void make_ready_pairs(const GroupArgs& args) {
  std::byte* out = args.out;
  const auto* row = args.a;
  for (int64_t i = 0; i < args.n_k / 32; ++i, row += sizeof(BlockQ8A)) {
    for (int64_t r = 0; r < args.n_rows; r += 2) {
      const int64_t n = args.n_rows - r < 2 ? 1 : 2;
      ReadyBlock one[2];
      make_ready<BySmmla, Type>({.a = row + r * args.a_row_bytes,
                                 .a_row_bytes = args.a_row_bytes,
                                 .a_step_bytes = args.a_step_bytes,
                                 .n_rows = n,
                                 .n_k = 32,
                                 .out = reinterpret_cast<std::byte*>(one)});
      if (n == 2) {
        make_pair(one, *reinterpret_cast<ReadyPair*>(out));
        out += sizeof(ReadyPair);
      } else {
        memcpy(out, one, sizeof(ReadyBlock));
        out += sizeof(ReadyBlock);
      }
    }
  }
}

// A part's fields for two of its lanes, as squares want them.
template <int kLanePair>
[[gnu::always_inline]] inline VecF of_lane_pair(VecF v) {
  return vreinterpretq_f32_f64(vdupq_laneq_f64(vreinterpretq_f64_f32(v), kLanePair));
}

// sum + the products of columns 8 * kFrom to 8 * kTo - 1 of two lanes with two rows, kStep bytes of
// x for each eight columns.
template <int kLanePair, int kFrom, int kTo, int kStep>
[[gnu::always_inline]] inline VecI multiply(VecI sum, const Part& part, const int8_t* x) {
  unrolled<kTo - kFrom>([&](auto i) {
    sum = BySmmla::multiply_add(sum, x + (kFrom + i) * kStep, part.q[2 * (kFrom + i) + kLanePair]);
  });
  return sum;
}

// d * the sums, of halves where a type has a d for each: ints(from, to, start) are those of columns
// 8 * from to 8 * to - 1; start(i) what those of half i begin with.
template <typename Type, typename Start, typename Ints>
[[gnu::always_inline]] inline VecF scaled(const VecF (&d)[2], const Start& start,
                                          const Ints& ints) {
  const auto begin = [&](auto half) __attribute__((always_inline)) {
    return Type::kOffset == 0 ? vdupq_n_s32(BySmmla::kStart) : start(half);
  };
  if constexpr (Type::kHalves) {
    const VecF low = mul(d[0], BySmmla::to_floats(ints(Int<0>{}, Int<2>{}, begin(Int<0>{}))));
    return fma(d[1], BySmmla::to_floats(ints(Int<2>{}, Int<4>{}, begin(Int<1>{}))), low);
  } else {
    return mul(d[0], BySmmla::to_floats(ints(Int<0>{}, Int<4>{}, begin(Int<0>{}))));
  }
}

// sum += the part's product with two rows and two lanes.
template <typename Type, int kLanePair>
[[gnu::always_inline]] inline void add_square(const Part& part, const ReadyPair& rows, VecF& sum) {
  const auto of_sums = [&](auto half) __attribute__((always_inline)) {
    return load_ints(rows.of_sums[half]);
  };
  const VecF product = scaled<Type>(
      {of_lane_pair<kLanePair>(part.d[0]), of_lane_pair<kLanePair>(part.d[1])},
      of_sums, [&](auto from, auto to, VecI start) __attribute__((always_inline)) {
        return multiply<kLanePair, from, to, 16>(start, part, rows.q[0][0]);
      });
  sum = fma(product, load(rows.d[0]), sum);
  if constexpr (Type::kHasMin) {
    unrolled<Type::kHalves ? 2 : 1>([&](auto half) {
      sum = fnma(of_lane_pair<kLanePair>(part.m[half]), vreinterpretq_f32_s32(of_sums(half)), sum);
    });
  }
}

// sum += the part's product with one row: what the lower row of its squares reads is of no account.
template <typename Type>
[[gnu::always_inline]] inline void add_odd_row(const Part& part, const ReadyBlock& row, VecF& sum) {
  const VecF more = load(&row.d);  // d, of_sums
  const VecF product = scaled<Type>(
      part.d,
      [&](auto half) __attribute__((always_inline)) {
        return vdupq_laneq_s32(vreinterpretq_s32_f32(more), 1 + half);
      },
      [&](auto from, auto to, VecI start) __attribute__((always_inline)) {
        const VecI low = multiply<0, from, to, 8>(start, part, row.q);
        const VecI high = multiply<1, from, to, 8>(start, part, row.q);
        return vreinterpretq_s32_s64(
            vzip1q_s64(vreinterpretq_s64_s32(low), vreinterpretq_s64_s32(high)));
      });
  sum = vfmaq_laneq_f32(sum, product, more, 0);
  if constexpr (Type::kHasMin) {
    unrolled<Type::kHalves ? 2 : 1>(
        [&](auto half) { sum = vfmsq_laneq_f32(sum, part.m[half], more, 1 + half); });
  }
}

// Two rows of four lanes to squares, or back: it is its own inverse.
[[gnu::always_inline]] inline void turn_squares(VecF& first, VecF& second) {
  const float64x2_t a = vreinterpretq_f64_f32(first), b = vreinterpretq_f64_f32(second);
  first = vreinterpretq_f32_f64(vzip1q_f64(a, b));
  second = vreinterpretq_f32_f64(vzip2q_f64(a, b));
}

template <typename Type, int kRows, int kPanels>
[[gnu::flatten]] void square_tile(const TileArgs& args) {
  Sums<VecF, kRows, kPanels> sums;
  const auto turn = [&]() __attribute__((always_inline)) {
    unrolled<kRows / 2>([&](auto i) {
      unrolled<kPanels>([&](auto p) { turn_squares(sums.at[2 * i][p], sums.at[2 * i + 1][p]); });
    });
  };
  sums.load(args);
  turn();
  const std::byte* rows = args.a;
  const std::byte* b[kPanels];
  unrolled<kPanels>([&](auto p) {
    b[p] = args.b + p * args.panel_bytes + packed_blocks_bytes<Type>(args.first_k);
  });
  for (int64_t k = 0; k < args.n_k; k += kBlockColumns<Type>) {
    unrolled<kPanels>([&](auto p) {
      Type::unpack(
          Packed<BySmmla::kUnit>{b[p]},
          0, [&](int i, const Part& part) __attribute__((always_inline)) {
            const std::byte* at = rows + i * kReadyBlockBytes<kRows>;
            const auto* pairs = reinterpret_cast<const ReadyPair*>(at);
            unrolled<kRows / 2>([&](auto j) {
              add_square<Type, 0>(part, pairs[j], sums.at[2 * j][p]);
              add_square<Type, 1>(part, pairs[j], sums.at[2 * j + 1][p]);
            });
            if constexpr (kRows % 2 == 1) {
              const auto* odd = reinterpret_cast<const ReadyBlock*>(pairs + kRows / 2);
              add_odd_row<Type>(part, *odd, sums.at[kRows - 1][p]);
            }
          });
      b[p] += kPackedBytes<Type>;
    });
    rows += Type::kParts * kReadyBlockBytes<kRows>;
  }
  turn();
  sums.store(args);
}

template <typename Type, int kRows, int kPanels>
constexpr Tile squares() {
  return {.min_rows = kRows,
          .max_rows = kRows,
          .panels = kPanels,
          .grouped = true,
          .run = whole_tile<square_tile<Type, kRows, kPanels>, kRows, kPanels * kLanes>};
}

template <typename Type>
constexpr Tile kSquareTiles[] = {squares<Type, 1, 1>(), squares<Type, 1, 4>(),
                                 squares<Type, 2, 1>(), squares<Type, 2, 2>(),
                                 squares<Type, 3, 1>(), squares<Type, 4, 1>(),
                                 squares<Type, 8, 1>(), squares<Type, kPairedRows, 1>()};

template <typename Type>
constexpr PackedKernel kBlocks = {.isa = "i8mm",
                                  .layout = "blocks of 4 columns, 8 bytes of each in turn",
                                  .width = kLanes,
                                  .k_unit = kBlockColumns<Type>,
                                  .form = LhsForm::q8a,
                                  .panel_bytes = packed_blocks_bytes<Type>,
                                  .pack = pack_blocks<BySmmla, Type>,
                                  .tiles = kSquareTiles<Type>,
                                  .n_tiles = sizeof kSquareTiles<Type> / sizeof(Tile),
                                  .group_rows = kPairedRows,
                                  .group_bytes = ready_pairs_bytes,
                                  .group = make_ready_pairs<Type>};
