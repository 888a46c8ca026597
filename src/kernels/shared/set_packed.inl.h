// Included in an unnamed namespace.

// Puts kernels into their slots, from that of `first` on.
template <size_t n>
constexpr void set_packed(Table& table, PackedType first, const PackedKernel (&kernels)[n]) {
  for (size_t i = 0; i < n; ++i) table.packed[static_cast<size_t>(first) + i] = kernels + i;
}
