// Packed quantised weights and their tiles for the ARM folders. Included in an unnamed namespace
// after unpack.inl.h and arm_tile.inl.h.
//
// A panel is kLanes columns of B, a packed block the blocks of all of them. Fields that are scales
// stand side by side in units of four bytes (a lone fp16: two), bytes of columns along k in units
// of Dot::kUnit, 16 bytes of each lane at a time: as the instructions that multiply want them.
//
// Rows of A are made ready once: a ReadyBlock for each block of 32 and row, in this order.
//
// Dot says
//   kUnit      see above
//   kStart     what its sums start with; to_floats takes it off again
//   dot        start + the sum over 16 or 32 columns, of the bytes of q and x, exact
//   to_floats  of sums

struct ReadyBlock {
  int8_t q[32];
  float d;
  // What the 16 columns of each half, or all 32 in [0], add: for types with an offset int32 to
  // start a sum with, Dot::kStart - offset * sum of q; for types with a minimum, fp32 d * sum of q.
  uint32_t of_sums[2];
  uint32_t unused;
};
static_assert(sizeof(ReadyBlock) == 48);

constexpr int kReadyRows = 8;

inline int64_t ready_bytes(int64_t n_k) {
  return n_k / 32 * kReadyRows * static_cast<int64_t>(sizeof(ReadyBlock));
}

template <typename Dot, typename Type>
inline uint32_t ready_sum(float d, int32_t sum) {
  uint32_t bits = 0;
  if constexpr (Type::kHasMin) {
    const float product = d * static_cast<float>(sum);
    memcpy(&bits, &product, sizeof bits);
  } else {
    bits = static_cast<uint32_t>(Dot::kStart - Type::kOffset * sum);
  }
  return bits;
}

template <typename Dot, typename Type>
void make_ready(const GroupArgs& args) {
  auto* out = reinterpret_cast<ReadyBlock*>(args.out);
  for (int64_t i = 0; i < args.n_k / 32; ++i) {
    for (int64_t r = 0; r < args.n_rows; ++r) {
      const BlockQ8A& x = reinterpret_cast<const BlockQ8A*>(args.a + r * args.a_row_bytes)[i];
      memcpy(out->q, x.q, sizeof x.q);
      out->d = x.d;
      const int32_t first = x.sums[0], second = x.sums[1];
      out->of_sums[0] = ready_sum<Dot, Type>(x.d, Type::kHalves ? first : first + second);
      out->of_sums[1] = ready_sum<Dot, Type>(x.d, Type::kHalves ? second : 0);
      out->unused = 0;
      ++out;
    }
  }
}

// A packed block as a Source of unpack.inl.h.
template <int kUnit>
struct Packed {
  const std::byte* at;
};
template <int kUnit>
[[gnu::always_inline]] inline VecF load_f16_of_rows(const Packed<kUnit>& rows, int64_t offset) {
  return load_f16(rows.at + offset * kLanes);
}
template <int kUnit>
[[gnu::always_inline]] inline VecI load_32_of_rows(const Packed<kUnit>& rows, int64_t offset) {
  return load_ints(rows.at + offset * kLanes);
}
template <int kUnit>
[[gnu::always_inline]] inline void load_16_bytes_of_rows(const Packed<kUnit>& rows, int64_t offset,
                                                         VecI* out) {
  for (int i = 0; i < 4; ++i) out[i] = load_ints(rows.at + (offset + 4 * i) * kLanes);
}

// Bits of qh to the bytes of q that they belong to: those of the low eight stand in byte kLow of
// qh, those of the high eight in byte kHigh.
template <int kLow, int kHigh>
[[gnu::always_inline]] inline VecI with_fifth_bits(VecI q, uint8x16_t qh) {
  constexpr uint64_t kEachByte = 0x0101010101010101;
  const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
  const uint8x16_t from = vreinterpretq_u8_u64(uint64x2_t{kLow * kEachByte, kHigh * kEachByte});
  const uint8x16_t found = vtstq_u8(vqtbl1q_u8(qh, from), bit);
  return as_lanes(vorrq_u8(as_bytes(q), vandq_u8(found, vdupq_n_u8(16))));
}

// Where units are 16 bytes, q[n] is half the columns of lane n % 4; where they are 8, q[n] is eight
// columns of two lanes. Their bits of qh:
inline void add_fifth_bits(const Packed<16>& rows, int64_t offset, VecI* q) {
  const uint8x16_t qh = as_bytes(load_32_of_rows(rows, offset));
  unrolled<8>([&](auto n) {
    constexpr int kFrom = 4 * (n % 4) + 2 * (n / 4);
    q[n] = with_fifth_bits<kFrom, kFrom + 1>(q[n], qh);
  });
}
inline void add_fifth_bits(const Packed<8>& rows, int64_t offset, VecI* q) {
  const uint8x16_t qh = as_bytes(load_32_of_rows(rows, offset));
  unrolled<8>([&](auto n) {
    constexpr int kFrom = 8 * (n % 2) + n / 2;
    q[n] = with_fifth_bits<kFrom, kFrom + 4>(q[n], qh);
  });
}

// Blocks of a panel's columns as a Source that is packed by being read: so the layout is what
// unpacking asks for.
template <int kUnit>
struct Packing {
  const std::byte* at[kLanes];
  std::byte* out;

  // `count` bytes of each lane, side by side in units of `unit`.
  void copy(int64_t offset, int64_t count, int64_t unit) const {
    for (int64_t i = 0; i < count; i += unit) {
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        memcpy(out + (offset + i) * kLanes + lane * unit, at[lane] + offset + i,
               static_cast<size_t>(unit));
      }
    }
  }
};
template <int kUnit>
inline VecF load_f16_of_rows(const Packing<kUnit>& rows, int64_t offset) {
  rows.copy(offset, 2, 2);
  return zeros();
}
template <int kUnit>
inline VecI load_32_of_rows(const Packing<kUnit>& rows, int64_t offset) {
  rows.copy(offset, 4, 4);
  return VecI{};
}
template <int kUnit>
inline void load_16_bytes_of_rows(const Packing<kUnit>& rows, int64_t offset, VecI* out) {
  rows.copy(offset, 16, 4);
  for (int i = 0; i < 4; ++i) out[i] = VecI{};
}
template <int kUnit>
inline void load_16_columns_of_rows(const Packing<kUnit>& rows, int64_t offset, VecI* out) {
  rows.copy(offset, 16, kUnit);
  for (int i = 0; i < 4; ++i) out[i] = VecI{};
}

template <typename Type>
constexpr int64_t kPackedBytes = kLanes* static_cast<int64_t>(sizeof(typename Type::Block));
template <typename Type>
constexpr int64_t kBlockColumns = 32 * Type::kParts;

template <typename Type>
int64_t packed_blocks_bytes(int64_t n_k) {
  return n_k / kBlockColumns<Type> * kPackedBytes<Type>;
}

// Lanes without a column repeat the last one; what they give is never stored.
template <typename Dot, typename Type>
void pack_blocks(const PackArgs& args) {
  Packing<Dot::kUnit> rows;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    const int64_t n = lane < args.n_cols ? lane : args.n_cols - 1;
    rows.at[lane] = args.b + n * args.n_stride;
  }
  rows.out = args.out;
  for (int64_t k = 0; k < args.n_k; k += kBlockColumns<Type>) {
    Type::unpack(rows, 0, [](int, const Part&) {});
    for (auto& lane : rows.at) lane += sizeof(typename Type::Block);
    rows.out += kPackedBytes<Type>;
  }
}

// sums[r][p] += the part's product with ready row r.
template <typename Dot, typename Type, int kRows, int kPanels, int p>
[[gnu::always_inline]] inline void add_ready_part(const Part& part, const ReadyBlock* rows,
                                                  VecF (&sums)[kRows][kPanels]) {
  unrolled<kRows>([&](auto r) {
    const int8x16_t x[2] = {vld1q_s8(rows[r].q), vld1q_s8(rows[r].q + 16)};
    const VecF more = load(&rows[r].d);  // d, of_sums
    const VecI start = vdupq_n_s32(Dot::kStart);
    VecF product;
    if constexpr (Type::kHalves) {
      VecI start_of[2] = {start, start};
      if constexpr (Type::kOffset != 0) {
        start_of[0] = vdupq_laneq_s32(vreinterpretq_s32_f32(more), 1);
        start_of[1] = vdupq_laneq_s32(vreinterpretq_s32_f32(more), 2);
      }
      const VecI low = Dot::template dot16<Type::kBits>(start_of[0], part.q, x[0]);
      const VecI high = Dot::template dot16<Type::kBits>(start_of[1], part.q + 4, x[1]);
      product = mul(part.d[0], Dot::to_floats(low));
      product = fma(part.d[1], Dot::to_floats(high), product);
    } else {
      const VecI first =
          Type::kOffset == 0 ? start : vdupq_laneq_s32(vreinterpretq_s32_f32(more), 1);
      product = mul(part.d[0],
                    Dot::to_floats(Dot::template dot32<Type::kBits>(first, part.q, x[0], x[1])));
    }
    sums[r][p] = vfmaq_laneq_f32(sums[r][p], product, more, 0);
    if constexpr (Type::kHasMin) {
      sums[r][p] = vfmsq_laneq_f32(sums[r][p], part.m[0], more, 1);
      if constexpr (Type::kHalves) sums[r][p] = vfmsq_laneq_f32(sums[r][p], part.m[1], more, 2);
    }
  });
}

template <typename Dot, typename Type, int kRows, int kPanels>
[[gnu::flatten]] void block_tile(const TileArgs& args) {
  Sums<VecF, kRows, kPanels> sums;
  sums.load(args);
  const auto* rows = reinterpret_cast<const ReadyBlock*>(args.a);
  const std::byte* b[kPanels];
  unrolled<kPanels>([&](auto p) {
    b[p] = args.b + p * args.panel_bytes + packed_blocks_bytes<Type>(args.first_k);
  });
  for (int64_t k = 0; k < args.n_k; k += kBlockColumns<Type>) {
    unrolled<kPanels>([&](auto p) {
      Type::unpack(
          Packed<Dot::kUnit>{b[p]}, 0, [&](int i, const Part& part) __attribute__((always_inline)) {
            add_ready_part<Dot, Type, kRows, kPanels, p>(part, rows + i * kRows, sums.at);
          });
      b[p] += kPackedBytes<Type>;
    });
    rows += Type::kParts * kRows;
  }
  sums.store(args);
}

template <typename Dot, typename Type, int kRows, int kPanels>
constexpr Tile block() {
  return {.min_rows = kRows,
          .max_rows = kRows,
          .panels = kPanels,
          .grouped = true,
          .run = whole_tile<block_tile<Dot, Type, kRows, kPanels>, kRows, kPanels * kLanes>};
}

template <typename Dot, typename Type>
constexpr Tile kReadyTiles[] = {block<Dot, Type, 1, 1>(), block<Dot, Type, 1, 4>(),
                                block<Dot, Type, 2, 1>(), block<Dot, Type, 2, 2>(),
                                block<Dot, Type, 3, 1>(), block<Dot, Type, 4, 1>(),
                                block<Dot, Type, 8, 1>()};

template <typename Dot, typename Type>
constexpr PackedKernel arm_blocks(const char* isa, const char* layout) {
  return {.isa = isa,
          .layout = layout,
          .width = kLanes,
          .k_unit = kBlockColumns<Type>,
          .form = LhsForm::q8a,
          .panel_bytes = packed_blocks_bytes<Type>,
          .pack = pack_blocks<Dot, Type>,
          .tiles = kReadyTiles<Dot, Type>,
          .n_tiles = sizeof kReadyTiles<Dot, Type> / sizeof(Tile),
          .group_rows = kReadyRows,
          .group_bytes = ready_bytes,
          .group = make_ready<Dot, Type>};
}
