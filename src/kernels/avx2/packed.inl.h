// The packed kernels of the AVX2 table: shapes of tiles for 16 registers.

// 9 or 12 sums: the multiply-adds' latency wants 8 or more in flight, and 4 x 24 leaves just the
// registers for three vectors of weights and one of A. Rejected: 6 x 16, whose 4 x 16 for four rows
// has no more than 8 (measured on Zen 3: 4 rows 35 instead of 57 GFLOP/s).
template <typename Type>
constexpr Tile kFloatTiles[] = {float_tile<Type, 1, 1>(), float_tile<Type, 1, 4>(),
                                float_tile<Type, 2, 1>(), float_tile<Type, 2, 2>(),
                                float_tile<Type, 3, 1>(), float_tile<Type, 4, 1>()};

constexpr PackedKernel kFloats[] = {packed_float<F32>("avx2", "[k][24] fp32", kFloatTiles<F32>),
                                    packed_float<F16>("avx2", "[k][24] fp16", kFloatTiles<F16>),
                                    packed_float<BF16>("avx2", "[k][24] bf16", kFloatTiles<BF16>)};
constexpr PackedKernel kBytes[] = {packed_int8<S8>(), packed_int8<U8>()};
constexpr BlockKernels kBlocks = block_kernels("avx2");

constexpr Table make_table_here() {
  Table table = make_table("avx2", &kPeakF32, &kPeakOf<Madd>, &kPeakOf<PeakMaddubs>);
  set_packed(table, PackedType::f32, kFloats);
  set_packed(table, PackedType::s8, kBytes);
  set_packed(table, PackedType::q4_0, kBlocks.of);
  return table;
}
