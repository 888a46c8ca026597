// Four products of unsigned bytes by signed ones, added to each lane of sums. As assembly: see
// avx512vnni.
inline VecI dot_bytes(VecI sums, VecI of_unsigned, VecI of_signed) {
  asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(of_unsigned), "x"(of_signed));
  return sums;
}
constexpr int kInt8Vecs = 2;  // vectors side by side in a panel of bytes
