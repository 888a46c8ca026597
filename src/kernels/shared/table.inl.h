// The slots that kernels/shared fills. Included last, in an unnamed namespace.

// packed: kNumPackedTypes kernels.
constexpr Table make_table(const char* name, const PackedKernel* packed,
                           const Peak* peak_f32 = nullptr, const Peak* peak_int8 = nullptr) {
  Table table;
  table.name = name;
  const auto matmul = [&table](DType dtype) -> MatmulFn& {
    return table.matmul[static_cast<size_t>(dtype)];
  };
  matmul(DType::f32) = matmul_float<F32>;
  matmul(DType::f16) = matmul_float<F16>;
  matmul(DType::bf16) = matmul_float<BF16>;
  matmul(DType::q4_0) = matmul_blocks<Q4_0>;
  matmul(DType::q4_1) = matmul_blocks<Q4_1>;
  matmul(DType::q5_0) = matmul_blocks<Q5_0>;
  matmul(DType::q5_1) = matmul_blocks<Q5_1>;
  matmul(DType::q8_0) = matmul_blocks<Q8_0>;
  matmul(DType::q2_k) = matmul_blocks<Q2K>;
  matmul(DType::q3_k) = matmul_blocks<Q3K>;
  matmul(DType::q4_k) = matmul_blocks<Q4K>;
  matmul(DType::q5_k) = matmul_blocks<Q5K>;
  matmul(DType::q6_k) = matmul_blocks<Q6K>;
  table.quantize_q8a = quantize_q8a;
  table.rms_norm = rms_norm;
  table.swiglu = swiglu;
  table.attend_f16 = attend<KvF16>;
  table.attend_f32 = attend<KvF32>;
  table.store_f16 = store_f16_row;
  table.peak_f32 = peak_f32;
  table.peak_int8 = peak_int8;
  for (int i = 0; i < kNumPackedTypes; ++i) table.packed[i] = packed + i;
  return table;
}
