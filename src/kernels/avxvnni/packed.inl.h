// The packed kernels of the AVX-VNNI table: shapes of tiles for 16 registers.

// 8 or more sums hide the instruction's latency, 12 leave registers for two vectors of weights.
template <typename Type>
constexpr Tile kInt8Tiles[] = {
    int8_tile<Type, 1, 1>(), int8_tile<Type, 1, 4>(), int8_tile<Type, 2, 1>(),
    int8_tile<Type, 2, 2>(), int8_tile<Type, 3, 1>(), int8_tile<Type, 3, 2>(),
    int8_tile<Type, 4, 1>(), int8_tile<Type, 5, 1>(), int8_tile<Type, 6, 1>()};

constexpr PackedKernel kPacked[] = {
    {},
    {},
    {},
    packed_int8("avxvnni", "[k / 4][16][4] uint8", kInt8Tiles<S8>),
    packed_int8("avxvnni", "[k / 4][16][4] int8", kInt8Tiles<U8>),
    packed_blocks<Q4_0>("avxvnni"),
    packed_blocks<Q4_1>("avxvnni"),
    packed_blocks<Q5_0>("avxvnni"),
    packed_blocks<Q5_1>("avxvnni"),
    packed_blocks<Q8_0>("avxvnni"),
    packed_blocks<Q2K>("avxvnni"),
    packed_blocks<Q3K>("avxvnni"),
    packed_blocks<Q4K>("avxvnni"),
    packed_blocks<Q5K>("avxvnni"),
    packed_blocks<Q6K>("avxvnni"),
};
static_assert(sizeof kPacked / sizeof kPacked[0] == kNumPackedTypes);
