// The packed kernels of the NEON table.

template <typename Type>
constexpr PackedKernel blocks() {
  return arm_blocks<BySmull, Type>("neon", "blocks of 4 columns, 16 bytes of each in turn");
}

constexpr PackedKernel kPacked[] = {
    by_element<ByFmla<F32>>("neon", "[k][12] fp32"),
    by_element<ByFmla<F16>>("neon", "[k][12] fp16"),
    by_element<ByFmla<BF16>>("neon", "[k][12] bf16"),
    packed_int8<S8>(),
    packed_int8<U8>(),
    blocks<Q4_0>(),
    blocks<Q4_1>(),
    blocks<Q5_0>(),
    blocks<Q5_1>(),
    blocks<Q8_0>(),
    blocks<Q2K>(),
    blocks<Q3K>(),
    blocks<Q4K>(),
    blocks<Q5K>(),
    blocks<Q6K>(),
};
static_assert(sizeof kPacked / sizeof kPacked[0] == kNumPackedTypes);
