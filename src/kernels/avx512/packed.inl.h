// The packed kernels of the AVX-512 table: shapes of tiles for 32 registers.

template <typename Type>
constexpr Tile kFloatTiles[] = {
    float_tile<Type, 1, 1>(), float_tile<Type, 1, 4>(), float_tile<Type, 2, 1>(),
    float_tile<Type, 2, 4>(), float_tile<Type, 3, 1>(), float_tile<Type, 3, 2>(),
    float_tile<Type, 4, 1>(), float_tile<Type, 4, 2>(), float_tile<Type, 5, 1>(),
    float_tile<Type, 6, 1>(), float_tile<Type, 7, 1>(), float_tile<Type, kGroupRows, 1, true>()};

template <typename Type>
constexpr PackedKernel packed_float(const char* layout) {
  return {.isa = "avx512",
          .layout = layout,
          .width = kFloatWidth,
          .block_bytes = kFloatBlockBytes,
          .panel_bytes = packed_float_bytes<Type>,
          .pack = pack_float<Type>,
          .tiles = kFloatTiles<Type>,
          .n_tiles = 12,
          .group_rows = kGroupRows,
          .group_bytes = float_group_bytes,
          .group = group_floats};
}

constexpr PackedKernel kPacked[] = {
    packed_float<F32>("[k][48] fp32"),
    packed_float<F16>("[k][48] fp16"),
    packed_float<BF16>("[k][48] bf16"),
    {},
    {},
    packed_blocks<Q4_0>("avx512"),
    packed_blocks<Q4_1>("avx512"),
    packed_blocks<Q5_0>("avx512"),
    packed_blocks<Q5_1>("avx512"),
    packed_blocks<Q8_0>("avx512"),
    packed_blocks<Q2K>("avx512"),
    packed_blocks<Q3K>("avx512"),
    packed_blocks<Q4K>("avx512"),
    packed_blocks<Q5K>("avx512"),
    packed_blocks<Q6K>("avx512"),
};
static_assert(sizeof kPacked / sizeof kPacked[0] == kNumPackedTypes);
