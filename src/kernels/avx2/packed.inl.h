// The packed kernels of the AVX2 table: shapes of tiles for 16 registers.

// 9 or 12 sums: the multiply-adds' latency wants 8 or more in flight, and 4 x 24 leaves just the
// registers for three vectors of weights and one of A. Rejected: 6 x 16, whose 4 x 16 for four rows
// has no more than 8 (measured on Zen 3: 4 rows 35 instead of 57 GFLOP/s).
template <typename Type>
constexpr Tile kFloatTiles[] = {float_tile<Type, 1, 1>(), float_tile<Type, 1, 4>(),
                                float_tile<Type, 2, 1>(), float_tile<Type, 2, 2>(),
                                float_tile<Type, 3, 1>(), float_tile<Type, 4, 1>()};

template <typename Type>
constexpr PackedKernel packed_float(const char* layout) {
  return {.isa = "avx2",
          .layout = layout,
          .width = kFloatWidth,
          .panel_bytes = packed_float_bytes<Type>,
          .pack = pack_float<Type>,
          .tiles = kFloatTiles<Type>,
          .n_tiles = 6};
}

constexpr PackedKernel kPacked[] = {
    packed_float<F32>("[k][24] fp32"),
    packed_float<F16>("[k][24] fp16"),
    packed_float<BF16>("[k][24] bf16"),
    packed_int8<S8>(),
    packed_int8<U8>(),
    packed_blocks<Q4_0>("avx2"),
    packed_blocks<Q4_1>("avx2"),
    packed_blocks<Q5_0>("avx2"),
    packed_blocks<Q5_1>("avx2"),
    packed_blocks<Q8_0>("avx2"),
    packed_blocks<Q2K>("avx2"),
    packed_blocks<Q3K>("avx2"),
    packed_blocks<Q4K>("avx2"),
    packed_blocks<Q5K>("avx2"),
    packed_blocks<Q6K>("avx2"),
};
static_assert(sizeof kPacked / sizeof kPacked[0] == kNumPackedTypes);

// As dot_groups does it: four multiply-adds a lane by maddubs, added up in 16 bits. That up to
// eight of those sums are then widened by one instruction more is left out.
float peak_blocks(int64_t n_rounds) {
  __m256i sums[10];  // and what they are made of fill the registers
  for (int i = 0; i < 10; ++i) sums[i] = _mm256_set1_epi16(static_cast<short>(i));
  for (int64_t round = 0; round < n_rounds; ++round) {
#pragma GCC unroll 10
    for (__m256i& sum : sums) {
      sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(sum, _mm256_set1_epi8(3)));
    }
  }
  __m256i total = _mm256_setzero_si256();
#pragma GCC unroll 10
  for (const __m256i& sum : sums) total = _mm256_add_epi32(total, sum);
  return static_cast<float>(sum_ints(total));
}
constexpr Peak kPeakBlocks = {.multiply_adds = 10 * 32, .run = peak_blocks};
