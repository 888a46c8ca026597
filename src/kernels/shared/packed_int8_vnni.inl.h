// Packed int8 and uint8 weights and their tiles, for vpdpbusd. Included in an unnamed namespace
// after dot_vnni.inl.h and kInt8Vecs, the vectors side by side in a panel.
//
// The instruction multiplies unsigned bytes by signed ones, so one side is moved by 128 while it is
// packed, and what that adds, 128 times the sum of A, starts the sums: exact, and free. Signed
// weights become unsigned ones and unsigned weights signed ones; either way it is their top bit.

constexpr int64_t kInt8Width = kInt8Vecs * kLanes;

inline int64_t packed_int8_bytes(int64_t n_k) { return (n_k + 3) / 4 * 4 * kInt8Width; }

inline void pack_int8(const PackArgs& args) {
  memset(args.out, 0, static_cast<size_t>(packed_int8_bytes(args.n_k)));
  for (int64_t n = 0; n < args.n_cols; ++n) {
    for (int64_t k = 0; k < args.n_k; ++k) {
      args.out[(k / 4 * kInt8Width + n) * 4 + k % 4] =
          args.b[k * args.k_stride + n * args.n_stride] ^ std::byte{0x80};
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

template <typename Type, int kRows, int kPanels>
[[gnu::always_inline]] inline void add_four(const TileArgs& args, const std::byte* b,
                                            const VecI (&a)[kRows],
                                            VecI (&sums)[kRows][kPanels * kInt8Vecs]) {
#pragma GCC unroll 16
  for (int v = 0; v < kPanels * kInt8Vecs; ++v) {
    const int64_t at = v / kInt8Vecs * args.panel_bytes + v % kInt8Vecs * 4 * kLanes;
    const VecI w = load_ints(b + at);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) sums[r][v] = Type::dot(sums[r][v], a[r], w);
  }
}

template <typename Type, int kRows, int kPanels>
void packed_int8_tile(const TileArgs& args) {
  constexpr int kVecs = kPanels * kInt8Vecs;
  VecI sums[kRows][kVecs];
  for (int r = 0; r < kRows; ++r) {
    const int32_t* c = static_cast<const int32_t*>(args.c) + r * args.c_stride;
    const auto start = Type::kStart * static_cast<uint32_t>(args.a_sums[r]);
    for (int v = 0; v < kVecs; ++v) {
      sums[r][v] = splat_int(static_cast<int>(start));
      if (!args.add) continue;
      sums[r][v] =
          add_ints(sums[r][v], load_partial_ints(c + v * kLanes, args.n_cols - v * kLanes));
    }
  }
  const std::byte* a = args.a;
  const std::byte* b = args.b + packed_int8_bytes(args.first_k);
  VecI x[kRows];
  for (int64_t k = 0; k + 4 <= args.n_k; k += 4) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) x[r] = splat_32(a + r * args.a_row_bytes);
    add_four<Type, kRows, kPanels>(args, b, x, sums);
    a += 4;
    b += 4 * kInt8Width;
  }
  if (args.n_k % 4 != 0) {  // what follows in A is not read; zeros there make B's padding harmless
    for (int r = 0; r < kRows; ++r) {
      int last = 0;
      memcpy(&last, a + r * args.a_row_bytes, static_cast<size_t>(args.n_k % 4));
      x[r] = splat_int(last);
    }
    add_four<Type, kRows, kPanels>(args, b, x, sums);
  }
  for (int r = 0; r < kRows; ++r) {
    int32_t* c = static_cast<int32_t*>(args.c) + r * args.c_stride;
    for (int v = 0; v < kVecs; ++v) {
      store_partial_ints(c + v * kLanes, sums[r][v], args.n_cols - v * kLanes);
    }
  }
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
