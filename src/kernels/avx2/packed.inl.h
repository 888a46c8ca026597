// The packed kernels of the AVX2 table: shapes of tiles for 16 registers.

// 8 to 12 sums; the weights take at most 4 registers more, or none where they are operands of the
// multiply-add.
template <typename Type>
constexpr Tile kFloatTiles[] = {
    float_tile<Type, 1, 1>(), float_tile<Type, 1, 4>(), float_tile<Type, 2, 1>(),
    float_tile<Type, 2, 2>(), float_tile<Type, 3, 1>(), float_tile<Type, 3, 2>(),
    float_tile<Type, 4, 1>(), float_tile<Type, 5, 1>(), float_tile<Type, 6, 1>()};

template <typename Type>
constexpr PackedKernel packed_float(const char* layout) {
  return {.isa = "avx2",
          .layout = layout,
          .width = kFloatWidth,
          .panel_bytes = packed_float_bytes<Type>,
          .pack = pack_float<Type>,
          .tiles = kFloatTiles<Type>,
          .n_tiles = 9};
}

constexpr PackedKernel kPacked[] = {
    packed_float<F32>("[k][16] fp32"),
    packed_float<F16>("[k][16] fp16"),
    packed_float<BF16>("[k][16] bf16"),
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
