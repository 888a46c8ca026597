// The packed kernels of the AVX-512 table: shapes of tiles for 32 registers.

template <typename Type>
constexpr Tile kFloatTiles[] = {
    float_tile<Type, 1, 1>(), float_tile<Type, 1, 4>(), float_tile<Type, 2, 1>(),
    float_tile<Type, 2, 4>(), float_tile<Type, 3, 1>(), float_tile<Type, 3, 2>(),
    float_tile<Type, 4, 1>(), float_tile<Type, 4, 2>(), float_tile<Type, 5, 1>(),
    float_tile<Type, 6, 1>(), float_tile<Type, 7, 1>(), float_tile<Type, kGroupRows, 1, true>()};

constexpr PackedKernel kFloats[] = {
    packed_float_grouped<F32>("avx512", "[k][48] fp32", kFloatTiles<F32>),
    packed_float_grouped<F16>("avx512", "[k][48] fp16", kFloatTiles<F16>),
    packed_float_grouped<BF16>("avx512", "[k][48] bf16", kFloatTiles<BF16>)};
constexpr BlockKernels kBlocks = block_kernels("avx512");

// Whole bytes are left to AVX2: nearly every CPU with AVX-512 has VNNI, too.
constexpr Table make_table_here() {
  Table table = make_table("avx512", &kPeakF32, nullptr, &kPeakOf<PeakMaddubs>);
  set_packed(table, PackedType::f32, kFloats);
  set_packed(table, PackedType::q4_0, kBlocks.of);
  return table;
}
