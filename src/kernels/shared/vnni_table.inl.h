// A table of all products of bytes; the rest is as in the tables below. Included last, in an
// unnamed namespace, after the tiles kInt8Tiles of packed_int8_vnni.inl.h.

constexpr PackedKernel kBytes[] = {packed_int8(kIsa, kS8Layout, kInt8Tiles<S8>),
                                   packed_int8(kIsa, kU8Layout, kInt8Tiles<U8>)};
constexpr BlockKernels kBlocks = block_kernels(kIsa);

constexpr Table make_table_here() {
  Table table;
  table.name = kIsa;
  set_packed(table, PackedType::s8, kBytes);
  set_packed(table, PackedType::q4_0, kBlocks.of);
  table.peak_int8 = &kPeakOf<PeakDotBytes>;
  table.peak_blocks = &kPeakOf<PeakDotBytes>;
  return table;
}
