// Four products of unsigned bytes by signed ones, added to each lane of sums. As assembly, because
// g++ 12 copies the sums of a loop back and forth for the intrinsic, and has no registers for that.
inline VecI dot_bytes(VecI sums, VecI of_unsigned, VecI of_signed) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(of_unsigned), "v"(of_signed));
  return sums;
}
constexpr int kInt8Vecs = 3;  // vectors side by side in a panel of bytes
