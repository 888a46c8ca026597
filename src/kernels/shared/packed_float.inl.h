// Packed f32, f16 and bf16 weights and their tiles, for instruction sets whose multiply-add takes
// an element of A in all lanes. Included in an unnamed namespace after float_types.inl.h and
// prefetch_next.inl.h; kPanelVecs comes from the primitives.
//
// A panel holds kPanelVecs * kLanes columns, [k][column]. A tile keeps its part of C in registers
// and streams the panel once: kRows * kPanels * kPanelVecs sums, enough of them to hide the latency
// of the multiply-add (4 cycles, 2 a cycle: 8), few enough to leave registers for the weights.

constexpr int64_t kFloatWidth = kPanelVecs * kLanes;
// Measured on Zen 5, 16 rows from memory: 20 % faster than 32 KB with AVX-512, 15 % with AVX2.
constexpr int kFloatBlockBytes = 128 << 10;

template <typename Type>
int64_t packed_float_bytes(int64_t n_k) {
  return n_k * kFloatWidth * Type::kBytes;
}

template <typename Type>
void pack_float(const PackArgs& args) {
  memset(args.out, 0, static_cast<size_t>(packed_float_bytes<Type>(args.n_k)));
  for (int64_t n = 0; n < args.n_cols; ++n) {
    const std::byte* from = args.b + n * args.n_stride;
    std::byte* to = args.out + n * Type::kBytes;
    for (int64_t k = 0; k < args.n_k; ++k) {
      memcpy(to, from, Type::kBytes);
      from += args.k_stride;
      to += kFloatWidth * Type::kBytes;
    }
  }
}

// Columns of C that vector v of the tile has: kLanes, fewer at the edge, or none.
inline int64_t columns_of(const TileArgs& args, int64_t v) {
  const int64_t left = args.n_cols - v * kLanes;
  return left < 0 ? 0 : left < kLanes ? left : kLanes;
}

template <int kRows, int kVecs>
inline void start_sums(const TileArgs& args, VecF (&sums)[kRows][kVecs]) {
  const bool whole = args.n_cols == kVecs * kLanes;
  for (int r = 0; r < kRows; ++r) {
    const float* c = static_cast<const float*>(args.c) + r * args.c_stride;
    for (int v = 0; v < kVecs; ++v) {
      sums[r][v] = !args.add ? zeros()
                   : whole   ? load(c + v * kLanes)
                             : load_partial(c + v * kLanes, columns_of(args, v));
    }
  }
}

template <int kRows, int kVecs>
inline void store_sums(const TileArgs& args, const VecF (&sums)[kRows][kVecs]) {
  const bool whole = args.n_cols == kVecs * kLanes;
  for (int r = 0; r < kRows; ++r) {
    float* c = static_cast<float*>(args.c) + r * args.c_stride;
    for (int v = 0; v < kVecs; ++v) {
      whole ? store(c + v * kLanes, sums[r][v])
            : store_partial(c + v * kLanes, sums[r][v], columns_of(args, v));
    }
  }
}

// Fetches kBytes of what the loop comes to some hundred cycles later: weights come from memory, and
// the processor's own prefetcher is late (Zen 3, 4 and 16 rows, cold: 6 % faster; one row, which
// only loads: 3 % slower, so not there). Behind the last panel nothing is read: it is a hint.
constexpr int64_t kPrefetchAhead = 32 * kFloatWidth;  // eight steps of k in fp32
template <int64_t kBytes>
inline void prefetch(const std::byte* at) {
  for (int64_t i = 0; i < kBytes; i += 64) __builtin_prefetch(at + kPrefetchAhead + i);
}

// Rows of A side by side, [k][rows]: read where they stand, rows that are a multiple of 4 KB apart
// would drive each other out of the first-level cache.
constexpr int kGroupRows = 8;
inline int64_t float_group_bytes(int64_t n_k) { return n_k * kGroupRows * 4; }
inline void group_floats(const GroupArgs& args) {
  auto* out = reinterpret_cast<float*>(args.out);
  constexpr int64_t kAtOnce = 16;  // a line of each row
  for (int64_t k = 0; k < args.n_k; k += kAtOnce) {
    const int64_t end = args.n_k - k < kAtOnce ? args.n_k : k + kAtOnce;
    for (int64_t r = 0; r < args.n_rows; ++r) {
      const std::byte* row = args.a + r * args.a_row_bytes;
      for (int64_t i = k; i < end; ++i) {
        memcpy(out + i * args.n_rows + r, row + i * args.a_step_bytes, 4);
      }
    }
  }
}

template <typename Type, int kRows, int kPanels, bool kGrouped>
void packed_float_tile(const TileArgs& args) {
  constexpr int kVecs = kPanels * kPanelVecs;
  VecF sums[kRows][kVecs];
  start_sums(args, sums);
  const std::byte* a = args.a;
  const std::byte* b = args.b + packed_float_bytes<Type>(args.first_k);
  const std::byte* next = args.next;
  const int64_t a_row_bytes = kGrouped ? 4 : args.a_row_bytes;
  const int64_t a_step_bytes = kGrouped ? 4 * kRows : args.a_step_bytes;
  for (int64_t k = 0; k < args.n_k; ++k) {
    VecF w[kVecs];
    for (int p = 0; p < kPanels; ++p) {
      for (int v = 0; v < kPanelVecs; ++v) {
        const std::byte* at = b + p * args.panel_bytes + v * kLanes * Type::kBytes;
        w[p * kPanelVecs + v] = Type::load_lanes(at);
      }
      if (kRows > 1) prefetch<kFloatWidth * Type::kBytes>(b + p * args.panel_bytes);
    }
    prefetch_next(args, next);
    for (int r = 0; r < kRows; ++r) {
      const VecF x = splat(*reinterpret_cast<const float*>(a + r * a_row_bytes));
      for (int v = 0; v < kVecs; ++v) sums[r][v] = fma(x, w[v], sums[r][v]);
    }
    a += a_step_bytes;
    b += kFloatWidth * Type::kBytes;
  }
  store_sums(args, sums);
}

template <typename Type, int kRows, int kPanels, bool kGrouped = false>
constexpr Tile float_tile() {
  return {.min_rows = kRows,
          .max_rows = kRows,
          .panels = kPanels,
          .grouped = kGrouped,
          .run = packed_float_tile<Type, kRows, kPanels, kGrouped>};
}

template <typename Type, int kTiles>
constexpr PackedKernel packed_float(const char* isa, const char* layout,
                                    const Tile (&tiles)[kTiles]) {
  return {.isa = isa,
          .layout = layout,
          .width = kFloatWidth,
          .block_bytes = kFloatBlockBytes,
          .panel_bytes = packed_float_bytes<Type>,
          .pack = pack_float<Type>,
          .tiles = tiles,
          .n_tiles = kTiles};
}
// For tiles some of which read groups.
template <typename Type, int kTiles>
constexpr PackedKernel packed_float_grouped(const char* isa, const char* layout,
                                            const Tile (&tiles)[kTiles]) {
  PackedKernel kernel = packed_float<Type>(isa, layout, tiles);
  kernel.group_rows = kGroupRows;
  kernel.group_bytes = float_group_bytes;
  kernel.group = group_floats;
  return kernel;
}
