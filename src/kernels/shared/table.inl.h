// The slots that kernels/shared fills. Included last, in an unnamed namespace.

constexpr Table make_table(const char* name, const Peak* peak_f32, const Peak* peak_int8,
                           const Peak* peak_blocks) {
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
  return table;
}
