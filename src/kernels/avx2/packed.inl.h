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
          .block_bytes = kFloatBlockBytes,
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
