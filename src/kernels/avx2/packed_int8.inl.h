// Packed int8 and uint8 weights for AVX2. Included in an unnamed namespace after avx2_vec.inl.h.
//
// maddubs would saturate, so both sides are widened to 16 bits and multiplied by madd, two k at a
// time: exact for any bytes, 16 multiply-adds in two instructions. A comes widened; B is widened
// from its panel [k / 2][16 columns][2], which costs a load's shuffle per vector and tile.

constexpr int64_t kInt8Width = 16;

inline int64_t packed_int8_bytes(int64_t n_k) { return (n_k + 1) / 2 * 2 * kInt8Width; }

inline void pack_int8(const PackArgs& args) {
  memset(args.out, 0, static_cast<size_t>(packed_int8_bytes(args.n_k)));
  for (int64_t n = 0; n < args.n_cols; ++n) {
    for (int64_t k = 0; k < args.n_k; ++k) {
      args.out[(k / 2 * kInt8Width + n) * 2 + k % 2] =
          args.b[k * args.k_stride + n * args.n_stride];
    }
  }
}

struct S8 {
  static __m256i widen(const std::byte* at) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  }
};
struct U8 {
  static __m256i widen(const std::byte* at) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  }
};

template <typename Type, int kRows, int kPanels>
inline void add_pair(const TileArgs& args, const std::byte* b, const __m256i (&a)[kRows],
                     __m256i (&sums)[kRows][2 * kPanels]) {
  for (int v = 0; v < 2 * kPanels; ++v) {
    const __m256i w = Type::widen(b + v / 2 * args.panel_bytes + v % 2 * 16);
    for (int r = 0; r < kRows; ++r) {
      sums[r][v] = _mm256_add_epi32(sums[r][v], _mm256_madd_epi16(a[r], w));
    }
  }
}

template <typename Type, int kRows, int kPanels>
void packed_int8_tile(const TileArgs& args) {
  __m256i sums[kRows][2 * kPanels];
  for (int r = 0; r < kRows; ++r) {
    const int32_t* c = static_cast<const int32_t*>(args.c) + r * args.c_stride;
    for (int v = 0; v < 2 * kPanels; ++v) {
      sums[r][v] =
          args.add ? load_partial_ints(c + v * kLanes, args.n_cols - v * kLanes) : no_ints();
    }
  }
  const std::byte* a = args.a;
  const std::byte* b = args.b + packed_int8_bytes(args.first_k);
  __m256i x[kRows];
  for (int64_t k = 0; k + 2 <= args.n_k; k += 2) {
    for (int r = 0; r < kRows; ++r) x[r] = _mm256_set1_epi32(load_32(a + r * args.a_row_bytes));
    add_pair<Type, kRows, kPanels>(args, b, x, sums);
    a += 4;
    b += 2 * kInt8Width;
  }
  if (args.n_k % 2 != 0) {  // the second of the pair is zero in B; what follows in A is not read
    for (int r = 0; r < kRows; ++r) {
      x[r] = _mm256_set1_epi32(static_cast<uint16_t>(load_16(a + r * args.a_row_bytes)));
    }
    add_pair<Type, kRows, kPanels>(args, b, x, sums);
  }
  for (int r = 0; r < kRows; ++r) {
    int32_t* c = static_cast<int32_t*>(args.c) + r * args.c_stride;
    for (int v = 0; v < 2 * kPanels; ++v) {
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

template <typename Type>
constexpr Tile kInt8Tiles[] = {
    int8_tile<Type, 1, 1>(), int8_tile<Type, 1, 4>(), int8_tile<Type, 2, 1>(),
    int8_tile<Type, 2, 2>(), int8_tile<Type, 3, 1>(), int8_tile<Type, 3, 2>(),
    int8_tile<Type, 4, 1>(), int8_tile<Type, 5, 1>(), int8_tile<Type, 6, 1>()};

template <typename Type>
constexpr PackedKernel packed_int8() {
  return {.isa = "avx2",
          .layout = "[k / 2][16][2] int8",
          .width = kInt8Width,
          .k_unit = 2,
          .form = LhsForm::wide_rows,
          .panel_bytes = packed_int8_bytes,
          .pack = pack_int8,
          .tiles = kInt8Tiles<Type>,
          .n_tiles = 9};
}

// As the tiles do it: two multiply-adds a lane by madd and an addition.
struct Madd {
  using Sums = __m256i;
  static constexpr int kProducts = 16;
  static Sums start(int i) { return _mm256_set1_epi32(i); }
  static Sums run(Sums sums) {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(sums, _mm256_set1_epi16(3)));
  }
  static int32_t total(Sums sums) { return sum_ints(sums); }
};
