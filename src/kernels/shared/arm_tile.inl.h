// What the packed tiles of the ARM folders share. Included in an unnamed namespace.

// Loops that are unrolled while they are compiled, so that their counters can be lane numbers. A
// function that uses them is to be [[gnu::flatten]]: the bodies must be part of it, even where they
// run once, or the registers that they name become memory.
template <int n>
struct Int {
  static constexpr int value = n;
  constexpr operator int() const { return n; }
};

// body(Int<0>) to body(Int<n - 1>), in this order.
template <int n, typename Body>
[[gnu::always_inline]] inline void unrolled(const Body& body) {
  if constexpr (n > 0) {
    unrolled<n - 1>(body);
    body(Int<n - 1>{});
  }
}

// Up to 16 bytes, zeros behind them.
inline uint8x16_t load_bytes_partial(const std::byte* at, int64_t n) {
  uint8_t padded[16] = {};
  memcpy(padded, at, static_cast<size_t>(n));
  return vld1q_u8(padded);
}

inline uint8x16_t load_bytes(const std::byte* at) {
  return vld1q_u8(reinterpret_cast<const uint8_t*>(at));
}

// A tile whose body may take its last column for granted: where C has fewer, the body gets an array
// of its own.
template <TileFn kBody, int kMaxRows, int kColumns>
void whole_tile(const TileArgs& args) {
  if (args.n_cols == kColumns) return kBody(args);
  uint32_t tile[kMaxRows * kColumns] = {};
  const auto bytes = static_cast<size_t>(args.n_cols * 4);
  auto* c = static_cast<std::byte*>(args.c);
  TileArgs inner = args;
  inner.c = tile;
  inner.c_stride = kColumns;
  inner.n_cols = kColumns;
  for (int64_t r = 0; r < args.n_rows && args.add; ++r) {
    memcpy(tile + r * kColumns, c + r * args.c_stride * 4, bytes);
  }
  kBody(inner);
  for (int64_t r = 0; r < args.n_rows; ++r) {
    memcpy(c + r * args.c_stride * 4, tile + r * kColumns, bytes);
  }
}

// C's part in registers, four columns in each, as bytes: one code for floats and integers.
inline float32x4_t from_bytes(uint8x16_t v, float32x4_t) { return vreinterpretq_f32_u8(v); }
inline int32x4_t from_bytes(uint8x16_t v, int32x4_t) { return vreinterpretq_s32_u8(v); }
inline uint8x16_t to_bytes(float32x4_t v) { return vreinterpretq_u8_f32(v); }
inline uint8x16_t to_bytes(int32x4_t v) { return vreinterpretq_u8_s32(v); }

template <typename Sum, int kRows, int kVecs>
struct Sums {
  Sum at[kRows][kVecs];

  [[gnu::always_inline]] void load(const TileArgs& args) {
    const uint8x16_t zero = vdupq_n_u8(0);
    unrolled<kRows>(
        [&](auto r) { unrolled<kVecs>([&](auto v) { at[r][v] = from_bytes(zero, Sum{}); }); });
    if (!args.add) return;
    const auto* row = static_cast<const uint8_t*>(args.c);
    unrolled<kRows>([&](auto r) {
      unrolled<kVecs>([&](auto v) { at[r][v] = from_bytes(vld1q_u8(row + 16 * v), Sum{}); });
      row += args.c_stride * 4;
    });
  }
  [[gnu::always_inline]] void store(const TileArgs& args) const {
    auto* row = static_cast<uint8_t*>(args.c);
    unrolled<kRows>([&](auto r) {
      unrolled<kVecs>([&](auto v) { vst1q_u8(row + 16 * v, to_bytes(at[r][v])); });
      row += args.c_stride * 4;
    });
  }
};
