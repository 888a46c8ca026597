// Four products of unsigned bytes by signed ones, added to each lane of sums.
inline VecI dot_bytes(VecI sums, VecI of_unsigned, VecI of_signed) {
  return _mm256_dpbusd_avx_epi32(sums, of_unsigned, of_signed);
}
constexpr int kInt8Vecs = 2;  // vectors side by side in a panel of bytes
