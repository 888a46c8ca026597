// The packed kernels of the AVX-512 VNNI table: shapes of tiles for 32 registers.

// 8 or more sums hide the instruction's latency, 24 leave registers for three vectors of weights.
template <typename Type>
constexpr Tile kInt8Tiles[] = {
    int8_tile<Type, 1, 1>(), int8_tile<Type, 1, 4>(), int8_tile<Type, 2, 1>(),
    int8_tile<Type, 2, 4>(), int8_tile<Type, 3, 1>(), int8_tile<Type, 3, 2>(),
    int8_tile<Type, 4, 1>(), int8_tile<Type, 4, 2>(), int8_tile<Type, 5, 1>(),
    int8_tile<Type, 6, 1>(), int8_tile<Type, 7, 1>(), int8_tile<Type, 8, 1>()};

constexpr const char* kIsa = "avx512vnni";
constexpr const char* kS8Layout = "[k / 4][48][4] uint8";
constexpr const char* kU8Layout = "[k / 4][48][4] int8";
