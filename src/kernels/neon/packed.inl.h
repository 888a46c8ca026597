// The packed kernels of the NEON table.

constexpr PackedKernel kPacked[] = {
    by_element<ByFmla<F32>>("neon", "[k][12] fp32"),
    by_element<ByFmla<F16>>("neon", "[k][12] fp16"),
    by_element<ByFmla<BF16>>("neon", "[k][12] bf16"),
    packed_int8<S8>(),
    packed_int8<U8>(),
    packed_blocks<Q4_0>("neon"),
    packed_blocks<Q4_1>("neon"),
    packed_blocks<Q5_0>("neon"),
    packed_blocks<Q5_1>("neon"),
    packed_blocks<Q8_0>("neon"),
    packed_blocks<Q2K>("neon"),
    packed_blocks<Q3K>("neon"),
    packed_blocks<Q4K>("neon"),
    packed_blocks<Q5K>("neon"),
    packed_blocks<Q6K>("neon"),
};
static_assert(sizeof kPacked / sizeof kPacked[0] == kNumPackedTypes);
