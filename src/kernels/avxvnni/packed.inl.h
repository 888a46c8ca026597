// The packed kernels of the AVX-VNNI table: shapes of tiles for 16 registers.

// 8 or more sums hide the instruction's latency, 12 leave registers for two vectors of weights.
template <typename Type>
constexpr Tile kInt8Tiles[] = {
    int8_tile<Type, 1, 1>(), int8_tile<Type, 1, 4>(), int8_tile<Type, 2, 1>(),
    int8_tile<Type, 2, 2>(), int8_tile<Type, 3, 1>(), int8_tile<Type, 3, 2>(),
    int8_tile<Type, 4, 1>(), int8_tile<Type, 5, 1>(), int8_tile<Type, 6, 1>()};

constexpr const char* kIsa = "avxvnni";
constexpr const char* kS8Layout = "[k / 4][16][4] uint8";
constexpr const char* kU8Layout = "[k / 4][16][4] int8";
