// The slots that kernels/shared fills. Included last, in an unnamed namespace.

// packed: kNumPackedTypes kernels.
constexpr Table make_table(const char* name, const PackedKernel* packed,
                           const Peak* peak_f32 = nullptr, const Peak* peak_int8 = nullptr,
                           const Peak* peak_blocks = nullptr) {
  Table table;
  table.name = name;
  table.quantize_q8a = quantize_q8a;
  table.rms_norm = rms_norm;
  table.swiglu = swiglu;
  table.attend = attend;
  table.store_f16 = store_f16_row;
  table.peak_f32 = peak_f32;
  table.peak_int8 = peak_int8;
  table.peak_blocks = peak_blocks;
  for (int i = 0; i < kNumPackedTypes; ++i) table.packed[i] = packed + i;
  return table;
}
