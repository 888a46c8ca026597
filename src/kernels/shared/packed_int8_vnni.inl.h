// Packed int8 and uint8 weights and their tiles, for vpdpbusd. Included in an unnamed namespace
// after dot_vnni.inl.h and kInt8Vecs, the vectors side by side in a panel.
//
// The instruction multiplies unsigned bytes by signed ones, so one side is moved by 128 while it is
// packed, and what that adds, 128 times the sum of A, starts the sums: exact, and free. Signed
// weights become unsigned ones and unsigned weights signed ones; either way it is their top bit.

constexpr int64_t kInt8Width = kInt8Vecs * kLanes;

inline int64_t packed_int8_bytes(int64_t n_k) { return (n_k + 3) / 4 * 4 * kInt8Width; }

inline void pack_int8(const PackArgs& args) {
  auto* out = reinterpret_cast<unsigned char*>(args.out);
  memset(out, 0, static_cast<size_t>(packed_int8_bytes(args.n_k)));
  for (int64_t n = 0; n < args.n_cols; ++n) {
    const auto* b = reinterpret_cast<const unsigned char*>(args.b + n * args.n_stride);
    for (int64_t k = 0; k < args.n_k; ++k) {
      out[(k / 4 * kInt8Width + n) * 4 + k % 4] =
          static_cast<unsigned char>(b[k * args.k_stride] ^ 0x80);
    }
  }
}

struct S8 {
  static constexpr int kStart = -128;  // times the sum of A
  static VecI dot(VecI sums, VecI a, VecI b) { return dot_bytes(sums, b, a); }
};
struct U8 {
  static constexpr int kStart = 128;
  static VecI dot(VecI sums, VecI a, VecI b) { return dot_bytes(sums, a, b); }
};

// Sums of a tile; all loops over them are unrolled, or they would go through memory.
template <int kPanels>
constexpr int kInt8TileVecs = kPanels* kInt8Vecs;
template <int kRows, int kPanels>
struct Int8Sums {
  VecI at[kRows][kInt8TileVecs<kPanels>];
};

template <typename Type, int kRows, int kPanels>
[[gnu::always_inline]] inline void start_sums(const TileArgs& args,
                                              Int8Sums<kRows, kPanels>& sums) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    const int32_t* c = static_cast<const int32_t*>(args.c) + r * args.c_stride;
    const auto start = Type::kStart * static_cast<uint32_t>(args.a_sums[r]);
#pragma GCC unroll 16
    for (int v = 0; v < kInt8TileVecs<kPanels>; ++v) {
      sums.at[r][v] = splat_int(static_cast<int>(start));
      if (!args.add) continue;
      const VecI before = load_partial_ints(c + v * kLanes, args.n_cols - v * kLanes);
      sums.at[r][v] = add_ints(sums.at[r][v], before);
    }
  }
}

// Adds four k.
template <typename Type, int kRows, int kPanels>
[[gnu::always_inline]] inline void add_four(const TileArgs& args, const std::byte* b,
                                            const std::byte* a, int64_t a_row_bytes,
                                            Int8Sums<kRows, kPanels>& sums) {
  VecI w[kInt8TileVecs<kPanels>];
#pragma GCC unroll 16
  for (int v = 0; v < kInt8TileVecs<kPanels>; ++v) {
    w[v] = load_ints(b + v / kInt8Vecs * args.panel_bytes + v % kInt8Vecs * 4 * kLanes);
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    const VecI x = splat_32(a + r * a_row_bytes);
#pragma GCC unroll 16
    for (int v = 0; v < kInt8TileVecs<kPanels>; ++v)
      sums.at[r][v] = Type::dot(sums.at[r][v], x, w[v]);
  }
}

template <int kRows, int kPanels>
[[gnu::always_inline]] inline void store_sums(const TileArgs& args,
                                              const Int8Sums<kRows, kPanels>& sums) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    int32_t* c = static_cast<int32_t*>(args.c) + r * args.c_stride;
#pragma GCC unroll 16
    for (int v = 0; v < kInt8TileVecs<kPanels>; ++v) {
      store_partial_ints(c + v * kLanes, sums.at[r][v], args.n_cols - v * kLanes);
    }
  }
}

// The one to three k that are left, added to C. What follows in A is not read, and zeros there make
// B's padding harmless.
template <typename Type>
[[gnu::noinline]] void add_last_k(const TileArgs& args, int n_rows, int n_vecs) {
  const int64_t k = args.n_k / 4 * 4;
  const std::byte* b = args.b + packed_int8_bytes(args.first_k + k);
  for (int r = 0; r < n_rows; ++r) {
    int last = 0;
    memcpy(&last, args.a + r * args.a_row_bytes + k, static_cast<size_t>(args.n_k - k));
    for (int v = 0; v < n_vecs; ++v) {
      int32_t* c = static_cast<int32_t*>(args.c) + r * args.c_stride + v * kLanes;
      const int64_t n_cols = args.n_cols - v * kLanes;
      const VecI w = load_ints(b + v / kInt8Vecs * args.panel_bytes + v % kInt8Vecs * 4 * kLanes);
      const VecI sum = Type::dot(load_partial_ints(c, n_cols), splat_int(last), w);
      store_partial_ints(c, sum, n_cols);
    }
  }
}

template <typename Type, int kRows, int kPanels>
void packed_int8_tile(const TileArgs& args) {
  Int8Sums<kRows, kPanels> sums;
  start_sums<Type>(args, sums);
  const std::byte* a = args.a;
  const std::byte* b = args.b + packed_int8_bytes(args.first_k);
  const std::byte* next = args.next;
  for (int64_t k = 0; k + 4 <= args.n_k; k += 4) {
    prefetch_next(args, next);
    add_four<Type>(args, b, a, args.a_row_bytes, sums);
    a += 4;
    b += 4 * kInt8Width;
  }
  store_sums(args, sums);
  if (args.n_k % 4 != 0) add_last_k<Type>(args, kRows, kInt8TileVecs<kPanels>);
}

template <typename Type, int kRows, int kPanels>
constexpr Tile int8_tile() {
  return {.min_rows = kRows,
          .max_rows = kRows,
          .panels = kPanels,
          .run = packed_int8_tile<Type, kRows, kPanels>};
}

template <int kTiles>
constexpr PackedKernel packed_int8(const char* isa, const char* layout,
                                   const Tile (&tiles)[kTiles]) {
  return {.isa = isa,
          .layout = layout,
          .width = kInt8Width,
          .k_unit = 4,
          .wants_a_sums = true,
          .panel_bytes = packed_int8_bytes,
          .pack = pack_int8,
          .tiles = tiles,
          .n_tiles = kTiles};
}
