// The vector primitives that kernels/shared is written in, for every ARM folder: ARMv8.0 NEON.
// Included in an unnamed namespace. Lanes are 32 bits wide; a VecI holds int32 lanes or, where a
// name says bytes, 4 bytes a lane.

constexpr int kLanes = 4;
using VecF = float32x4_t;
using VecI = int32x4_t;
using VecM = uint32x4_t;  // all bits of a lane set, or none

// Floats.
inline VecF zeros() { return vdupq_n_f32(0); }
inline VecF splat(float value) { return vdupq_n_f32(value); }
inline VecF add(VecF a, VecF b) { return vaddq_f32(a, b); }
inline VecF mul(VecF a, VecF b) { return vmulq_f32(a, b); }
inline VecF div(VecF a, VecF b) { return vdivq_f32(a, b); }
inline VecF fma(VecF a, VecF b, VecF c) { return vfmaq_f32(c, a, b); }   // a * b + c
inline VecF fnma(VecF a, VecF b, VecF c) { return vfmsq_f32(c, a, b); }  // c - a * b
inline VecF abs(VecF a) { return vabsq_f32(a); }
inline VecF negate(VecF a) { return vnegq_f32(a); }

// Lane j of v[i] and lane i of v[j] change places.
inline void transpose(VecF (&v)[kLanes]) {
  const float32x4_t even_low = vtrn1q_f32(v[0], v[1]), even_high = vtrn1q_f32(v[2], v[3]);
  const float32x4_t odd_low = vtrn2q_f32(v[0], v[1]), odd_high = vtrn2q_f32(v[2], v[3]);
  v[0] = vcombine_f32(vget_low_f32(even_low), vget_low_f32(even_high));
  v[1] = vcombine_f32(vget_low_f32(odd_low), vget_low_f32(odd_high));
  v[2] = vcombine_f32(vget_high_f32(even_low), vget_high_f32(even_high));
  v[3] = vcombine_f32(vget_high_f32(odd_low), vget_high_f32(odd_high));
}

// Masks.
inline VecM less(VecF a, VecF b) { return vcltq_f32(a, b); }  // false for NaN
inline VecM is_nan(VecF a) { return vmvnq_u32(vceqq_f32(a, a)); }
inline VecF select(VecM mask, VecF yes, VecF no) { return vbslq_f32(mask, yes, no); }
inline bool all(VecM mask) { return vminvq_u32(mask) != 0; }

// The second operand where one is NaN.
inline VecF max(VecF a, VecF b) { return select(vcgtq_f32(a, b), a, b); }
inline VecF min(VecF a, VecF b) { return select(vcltq_f32(a, b), a, b); }

inline float sum_lanes(VecF v) { return vaddvq_f32(v); }
// Requires no NaN.
inline float max_lane(VecF v) { return vmaxvq_f32(v); }

// Loads and stores: any alignment; the partial ones touch n < kLanes elements and load zeros for
// the rest.
inline VecF load(const float* at) { return vld1q_f32(at); }
inline VecF load_partial(const float* at, int64_t n) {
  float padded[kLanes] = {};
  memcpy(padded, at, static_cast<size_t>(n) * sizeof *at);
  return vld1q_f32(padded);
}
inline void store(float* at, VecF v) { vst1q_f32(at, v); }
inline void store_partial(float* at, VecF v, int64_t n) {
  float padded[kLanes];
  vst1q_f32(padded, v);
  memcpy(at, padded, static_cast<size_t>(n) * sizeof *at);
}
// Byte loads, because weights may stand at any address.
inline uint16x4_t load_4x16(const void* at) {
  return vreinterpret_u16_u8(vld1_u8(static_cast<const uint8_t*>(at)));
}
inline VecF load_f32(const void* at) {
  return vreinterpretq_f32_u8(vld1q_u8(static_cast<const uint8_t*>(at)));
}
inline VecF load_f16(const void* at) { return vcvt_f32_f16(vreinterpret_f16_u16(load_4x16(at))); }
inline VecF load_bf16(const void* at) {
  return vreinterpretq_f32_u32(vshll_n_u16(load_4x16(at), 16));
}
inline uint8x8_t load_4x8(const void* at) {
  uint32_t bytes;
  memcpy(&bytes, at, sizeof bytes);
  return vreinterpret_u8_u32(vdup_n_u32(bytes));
}
inline VecF load_s8(const void* at) {
  const int16x8_t wide = vmovl_s8(vreinterpret_s8_u8(load_4x8(at)));
  return vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
}
// kLanes bytes: the numbers in the low and in the high halves.
inline void load_2x_u4(const void* at, VecF& low, VecF& high) {
  const uint32x4_t both = vmovl_u16(vget_low_u16(vmovl_u8(load_4x8(at))));
  low = vcvtq_f32_u32(vandq_u32(both, vdupq_n_u32(15)));
  high = vcvtq_f32_u32(vshrq_n_u32(both, 4));
}
// Ties to even. Requires no NaN, whose bits would depend on the table.
inline void store_f16(uint16_t* at, VecF v) { vst1_u16(at, vreinterpret_u16_f16(vcvt_f16_f32(v))); }

// int32 lanes.
inline VecI to_ints(VecF v) { return vcvtnq_s32_f32(v); }  // ties to even
inline VecF to_floats(VecI v) { return vcvtq_f32_s32(v); }
inline VecI load_ints(const void* at) { return vld1q_s32(static_cast<const int32_t*>(at)); }
inline VecI add_ints(VecI a, VecI b) { return vaddq_s32(a, b); }
inline VecI subtract_ints(VecI a, VecI b) { return vsubq_s32(a, b); }
inline VecI halve_ints(VecI v) { return vshrq_n_s32(v, 1); }
// 2^n of each lane. Requires -126 <= n <= 127.
inline VecF power_of_two(VecI n) {
  return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}
inline int32_t sum_ints(VecI v) { return vaddvq_s32(v); }
// 32 int32, each in [-128, 127], as bytes.
inline void store_bytes(int8_t* at, const VecI (&v)[32 / kLanes]) {
  for (int i = 0; i < 32 / kLanes; i += 2) {
    const int16x8_t eight = vcombine_s16(vmovn_s32(v[i]), vmovn_s32(v[i + 1]));
    vst1_s8(at + kLanes * i, vmovn_s16(eight));
  }
}

// Bytes.
inline uint8x16_t as_bytes(VecI v) { return vreinterpretq_u8_s32(v); }
inline VecI as_lanes(uint8x16_t v) { return vreinterpretq_s32_u8(v); }
// (v >> shift) & mask of each byte. Requires mask <= 0xff >> shift.
inline VecI field(VecI v, int shift, int mask) {
  const uint8x16_t shifted = as_bytes(v) >> static_cast<uint8_t>(shift);
  if (mask == 0xff >> shift) return as_lanes(shifted);
  return as_lanes(vandq_u8(shifted, vdupq_n_u8(static_cast<uint8_t>(mask))));
}
// a | (b << shift) of each byte. Requires that no bit leaves its byte.
inline VecI with_high(VecI a, VecI b, int shift) {
  return as_lanes(vorrq_u8(as_bytes(a), as_bytes(b) << static_cast<uint8_t>(shift)));
}
// a | field(v, from, mask) << to of each byte. Requires that the bits of a there are 0.
inline VecI with_field(VecI a, VecI v, int from, int mask, int to) {
  const uint8x16_t moved = from > to ? as_bytes(v) >> static_cast<uint8_t>(from - to)
                                     : as_bytes(v) << static_cast<uint8_t>(to - from);
  return as_lanes(vbslq_u8(vdupq_n_u8(static_cast<uint8_t>(mask << to)), moved, as_bytes(a)));
}
// Byte b of each lane: 1 where bit 4 * i + b of the lane is set, else 0.
template <int i>
inline VecI spread_bits(VecI v) {
  // The byte of the lane that holds the four bits, four times.
  const uint32x4_t lane_bytes = {0x00000000, 0x04040404, 0x08080808, 0x0c0c0c0c};
  const uint8x16_t from = vaddq_u8(vreinterpretq_u8_u32(lane_bytes), vdupq_n_u8(i / 2));
  const uint32x4_t bits = vdupq_n_u32(i % 2 == 0 ? 0x08040201 : 0x80402010);
  const uint8x16_t found = vtstq_u8(vqtbl1q_u8(as_bytes(v), from), vreinterpretq_u8_u32(bits));
  return as_lanes(vandq_u8(found, vdupq_n_u8(1)));
}
inline VecF byte_to_floats(VecI v, int i) {
  const uint32x4_t shifted = vreinterpretq_u32_s32(v) >> static_cast<uint32_t>(8 * i);
  return vcvtq_f32_u32(vandq_u32(shifted, vdupq_n_u32(0xff)));
}
inline VecF signed_byte_to_floats(VecI v, int i) {
  return to_floats(vshrq_n_s32(v << (24 - 8 * i), 24));
}
// The f16 in the low or the high half of each lane.
inline VecF f16_from_low(VecI v) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(vreinterpretq_u32_s32(v))));
}
inline VecF f16_from_high(VecI v) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vshrn_n_u32(vreinterpretq_u32_s32(v), 16)));
}

// One place in each of kLanes rows.
struct Rows {
  const std::byte* at[kLanes];
};
inline VecI load_32_of_rows(const Rows& rows, int64_t offset) {
  int32_t lanes[kLanes];
  for (int r = 0; r < kLanes; ++r) memcpy(&lanes[r], rows.at[r] + offset, sizeof lanes[r]);
  return vld1q_s32(lanes);
}
inline VecF load_f16_of_rows(const Rows& rows, int64_t offset) {
  uint16_t lanes[kLanes];
  for (int r = 0; r < kLanes; ++r) memcpy(&lanes[r], rows.at[r] + offset, sizeof lanes[r]);
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(lanes)));
}
// out[j]: bytes 4 j to 4 j + 3 of each row: 16 bytes of 4 rows, transposed as 32-bit units.
inline void load_16_bytes_of_rows(const Rows& rows, int64_t offset, VecI* out) {
  VecI row[4];
  for (int r = 0; r < 4; ++r) {
    row[r] = as_lanes(vld1q_u8(reinterpret_cast<const uint8_t*>(rows.at[r] + offset)));
  }
  const int64x2_t even_01 = vreinterpretq_s64_s32(vtrn1q_s32(row[0], row[1]));
  const int64x2_t odd_01 = vreinterpretq_s64_s32(vtrn2q_s32(row[0], row[1]));
  const int64x2_t even_23 = vreinterpretq_s64_s32(vtrn1q_s32(row[2], row[3]));
  const int64x2_t odd_23 = vreinterpretq_s64_s32(vtrn2q_s32(row[2], row[3]));
  out[0] = vreinterpretq_s32_s64(vtrn1q_s64(even_01, even_23));
  out[1] = vreinterpretq_s32_s64(vtrn1q_s64(odd_01, odd_23));
  out[2] = vreinterpretq_s32_s64(vtrn2q_s64(even_01, even_23));
  out[3] = vreinterpretq_s32_s64(vtrn2q_s64(odd_01, odd_23));
}

// Each lane: k0 * x.sums[0] + k1 * x.sums[1].
template <int k0, int k1>
inline VecI weigh_sums(const BlockQ8A& x) {
  return vdupq_n_s32(k0 * x.sums[0] + k1 * x.sums[1]);
}

// Signed bytes are multiplied as they are.
constexpr int kSignedByteOffset = 0;
inline VecI as_factors(VecI signed_bytes) { return signed_bytes; }

// Integer sums as fp32 by one subtraction; a conversion would take the vector pipe twice as long. A
// sum that starts with the bits of 1.5 * 2^23 ends as the bits of that number plus the sum. Exact
// for |sum| < 2^22: 32 * 128 * 127 are an eighth of that.
struct StartedSums {
  static constexpr int32_t kStart = 0x4b400000;
  static VecF to_floats(VecI sums) {
    return vsubq_f32(vreinterpretq_f32_s32(sums), splat(12582912.0f));
  }
};
