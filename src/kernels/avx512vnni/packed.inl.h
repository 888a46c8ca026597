// The packed kernels of the AVX-512 VNNI table: shapes of tiles for 32 registers.

// 8 or more sums hide the instruction's latency, 24 leave registers for three vectors of weights.
template <typename Type>
constexpr Tile kInt8Tiles[] = {
    int8_tile<Type, 1, 1>(), int8_tile<Type, 1, 4>(), int8_tile<Type, 2, 1>(),
    int8_tile<Type, 2, 4>(), int8_tile<Type, 3, 1>(), int8_tile<Type, 3, 2>(),
    int8_tile<Type, 4, 1>(), int8_tile<Type, 4, 2>(), int8_tile<Type, 5, 1>(),
    int8_tile<Type, 6, 1>(), int8_tile<Type, 7, 1>(), int8_tile<Type, 8, 1>()};

constexpr PackedKernel kPacked[] = {
    {},
    {},
    {},
    packed_int8("avx512vnni", "[k / 4][48][4] uint8", kInt8Tiles<S8>),
    packed_int8("avx512vnni", "[k / 4][48][4] int8", kInt8Tiles<U8>),
    packed_blocks<Q4_0>("avx512vnni"),
    packed_blocks<Q4_1>("avx512vnni"),
    packed_blocks<Q5_0>("avx512vnni"),
    packed_blocks<Q5_1>("avx512vnni"),
    packed_blocks<Q8_0>("avx512vnni"),
    packed_blocks<Q2K>("avx512vnni"),
    packed_blocks<Q3K>("avx512vnni"),
    packed_blocks<Q4K>("avx512vnni"),
    packed_blocks<Q5K>("avx512vnni"),
    packed_blocks<Q6K>("avx512vnni"),
};
static_assert(sizeof kPacked / sizeof kPacked[0] == kNumPackedTypes);
