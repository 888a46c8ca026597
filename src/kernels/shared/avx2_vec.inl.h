// The vector primitives that kernels/shared is written in, for every folder with 256-bit vectors:
// AVX2 with FMA and F16C. Included in an unnamed namespace. Lanes are 32 bits wide; a VecI holds
// int32 lanes or, where a name says bytes, 4 bytes a lane.

constexpr int kLanes = 8;
constexpr int kPanelVecs = 3;  // vectors side by side in a panel of floats
using VecF = __m256;
using VecI = __m256i;
using VecM = __m256;  // all bits of a lane set, or none

// Floats.
inline VecF zeros() { return _mm256_setzero_ps(); }
inline VecF splat(float value) { return _mm256_set1_ps(value); }
inline VecF add(VecF a, VecF b) { return _mm256_add_ps(a, b); }
inline VecF mul(VecF a, VecF b) { return _mm256_mul_ps(a, b); }
inline VecF div(VecF a, VecF b) { return _mm256_div_ps(a, b); }
inline VecF fma(VecF a, VecF b, VecF c) { return _mm256_fmadd_ps(a, b, c); }    // a * b + c
inline VecF fnma(VecF a, VecF b, VecF c) { return _mm256_fnmadd_ps(a, b, c); }  // c - a * b
inline VecF abs(VecF a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
inline VecF negate(VecF a) { return _mm256_xor_ps(_mm256_set1_ps(-0.0f), a); }
// The second operand where one is NaN.
inline VecF max(VecF a, VecF b) { return _mm256_max_ps(a, b); }
inline VecF min(VecF a, VecF b) { return _mm256_min_ps(a, b); }

inline float sum_lanes(VecF v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float max_lane(VecF v) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// Lane j of v[i] and lane i of v[j] change places.
inline void transpose(VecF (&v)[kLanes]) {
  __m256 fours[8];
  for (int i = 0; i < 8; i += 4) {
    for (int j = 0; j < 2; ++j) {
      const __m256 a = v[i + 2 * j], b = v[i + 2 * j + 1];
      fours[i + j] = _mm256_unpacklo_ps(a, b);
      fours[i + 2 + j] = _mm256_unpackhi_ps(a, b);
    }
    const __m256 low_a = fours[i], low_b = fours[i + 1];
    const __m256 high_a = fours[i + 2], high_b = fours[i + 3];
    fours[i] = _mm256_shuffle_ps(low_a, low_b, 0x44);
    fours[i + 1] = _mm256_shuffle_ps(low_a, low_b, 0xee);
    fours[i + 2] = _mm256_shuffle_ps(high_a, high_b, 0x44);
    fours[i + 3] = _mm256_shuffle_ps(high_a, high_b, 0xee);
  }
  for (int j = 0; j < 4; ++j) {
    v[j] = _mm256_permute2f128_ps(fours[j], fours[4 + j], 0x20);
    v[4 + j] = _mm256_permute2f128_ps(fours[j], fours[4 + j], 0x31);
  }
}

// Masks.
inline VecM less(VecF a, VecF b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }  // false for NaN
inline VecM is_nan(VecF a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
inline VecF select(VecM mask, VecF yes, VecF no) { return _mm256_blendv_ps(no, yes, mask); }
inline bool all(VecM mask) { return _mm256_movemask_ps(mask) == 0xff; }

// Loads and stores: any alignment; the partial ones touch n < kLanes elements and load zeros for
// the rest.
inline __m256i partial_mask(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline VecF load(const float* at) { return _mm256_loadu_ps(at); }
inline VecF load_partial(const float* at, int64_t n) {
  return _mm256_maskload_ps(at, partial_mask(n));
}
inline void store(float* at, VecF v) { _mm256_storeu_ps(at, v); }
inline void store_partial(float* at, VecF v, int64_t n) {
  _mm256_maskstore_ps(at, partial_mask(n), v);
}
inline VecF load_f32(const void* at) { return _mm256_loadu_ps(static_cast<const float*>(at)); }
inline VecF load_f16(const void* at) {
  return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(at)));
}
inline VecF load_bf16(const void* at) {
  const __m128i bits = _mm_loadu_si128(static_cast<const __m128i*>(at));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
inline VecF load_s8(const void* at) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(at))));
}
// kLanes bytes: the numbers in the low and in the high halves.
inline void load_2x_u4(const void* at, VecF& low, VecF& high) {
  const __m256i both = _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(at)));
  low = _mm256_cvtepi32_ps(_mm256_and_si256(both, _mm256_set1_epi32(15)));
  high = _mm256_cvtepi32_ps(_mm256_srli_epi32(both, 4));
}
// Ties to even. Requires no NaN, whose bits would depend on the table.
inline void store_f16(uint16_t* at, VecF v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at),
                   _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

// int32 lanes.
inline VecI no_ints() { return _mm256_setzero_si256(); }
inline VecI splat_int(int value) { return _mm256_set1_epi32(value); }
inline VecI to_ints(VecF v) { return _mm256_cvtps_epi32(v); }  // ties to even
inline VecF to_floats(VecI v) { return _mm256_cvtepi32_ps(v); }
inline VecI load_ints(const void* at) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(at));
}
inline VecI load_partial_ints(const int32_t* at, int64_t n) {
  return _mm256_maskload_epi32(at, partial_mask(n));
}
inline void store_partial_ints(int32_t* at, VecI v, int64_t n) {
  _mm256_maskstore_epi32(at, partial_mask(n), v);
}
inline VecI add_ints(VecI a, VecI b) { return _mm256_add_epi32(a, b); }
inline VecI subtract_ints(VecI a, VecI b) { return _mm256_sub_epi32(a, b); }
inline VecI halve_ints(VecI v) { return _mm256_srai_epi32(v, 1); }
// 2^n of each lane. Requires -126 <= n <= 127.
inline VecF power_of_two(VecI n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
inline int32_t sum_ints(VecI v) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1));
  return _mm_cvtsi128_si32(four);
}
// 32 int32, each in [-128, 127], as bytes.
inline void store_bytes(int8_t* at, const VecI (&v)[32 / kLanes]) {
  const __m256i low = _mm256_packs_epi32(v[0], v[1]);
  const __m256i high = _mm256_packs_epi32(v[2], v[3]);
  const __m256i lanes_mixed = _mm256_packs_epi16(low, high);
  _mm256_storeu_si256(
      reinterpret_cast<__m256i*>(at),
      _mm256_permutevar8x32_epi32(lanes_mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}

// Bytes.
// (v >> shift) & mask of each byte. Requires mask <= 0xff >> shift.
inline VecI field(VecI v, int shift, int mask) {
  return _mm256_and_si256(_mm256_srli_epi16(v, shift), _mm256_set1_epi8(static_cast<char>(mask)));
}
// a | (b << shift) of each byte. Requires that no bit leaves its byte.
inline VecI with_high(VecI a, VecI b, int shift) {
  return _mm256_or_si256(a, _mm256_slli_epi16(b, shift));
}
// a | field(v, from, mask) << to of each byte. Requires that the bits of a there are 0.
inline VecI with_field(VecI a, VecI v, int from, int mask, int to) {
  const VecI moved = from > to ? _mm256_srli_epi16(v, from - to) : _mm256_slli_epi16(v, to - from);
  return _mm256_or_si256(a,
                         _mm256_and_si256(moved, _mm256_set1_epi8(static_cast<char>(mask << to))));
}
// Byte b of each lane: 1 where bit 4 * i + b of the lane is set, else 0.
template <int i>
inline VecI spread_bits(VecI v) {
  constexpr char k = i / 2;  // the byte of the lane that holds the four bits
  const __m256i copies = _mm256_shuffle_epi8(
      v, _mm256_setr_epi8(k, k, k, k, 4 + k, 4 + k, 4 + k, 4 + k, 8 + k, 8 + k, 8 + k, 8 + k,
                          12 + k, 12 + k, 12 + k, 12 + k, k, k, k, k, 4 + k, 4 + k, 4 + k, 4 + k,
                          8 + k, 8 + k, 8 + k, 8 + k, 12 + k, 12 + k, 12 + k, 12 + k));
  const __m256i bits = _mm256_set1_epi32(i % 2 == 0 ? 0x08040201 : static_cast<int>(0x80402010));
  const __m256i found = _mm256_cmpeq_epi8(_mm256_and_si256(copies, bits), bits);
  return _mm256_and_si256(found, _mm256_set1_epi8(1));
}
inline VecF byte_to_floats(VecI v, int i) {
  return to_floats(_mm256_and_si256(_mm256_srli_epi32(v, 8 * i), _mm256_set1_epi32(0xff)));
}
inline VecF signed_byte_to_floats(VecI v, int i) {
  return to_floats(_mm256_srai_epi32(_mm256_slli_epi32(v, 24 - 8 * i), 24));
}
// The f16 in the low or the high half of each lane.
inline VecF f16_from_low(VecI v) {
  const __m256i low = _mm256_and_si256(v, _mm256_set1_epi32(0xffff));
  const __m128i packed =
      _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
  return _mm256_cvtph_ps(packed);
}
inline VecF f16_from_high(VecI v) { return f16_from_low(_mm256_srli_epi32(v, 16)); }

// One place in each of kLanes rows.
struct Rows {
  const std::byte* at[kLanes];
};
inline short load_16(const std::byte* at) {
  short bits;
  memcpy(&bits, at, sizeof bits);
  return bits;
}
inline int load_32(const void* at) {
  int bits;
  memcpy(&bits, at, sizeof bits);
  return bits;
}
inline VecF load_f16_of_rows(const Rows& rows, int64_t offset) {
  const auto& at = rows.at;
  return _mm256_cvtph_ps(_mm_setr_epi16(load_16(at[0] + offset), load_16(at[1] + offset),
                                        load_16(at[2] + offset), load_16(at[3] + offset),
                                        load_16(at[4] + offset), load_16(at[5] + offset),
                                        load_16(at[6] + offset), load_16(at[7] + offset)));
}
inline VecI load_32_of_rows(const Rows& rows, int64_t offset) {
  const auto& at = rows.at;
  return _mm256_setr_epi32(load_32(at[0] + offset), load_32(at[1] + offset),
                           load_32(at[2] + offset), load_32(at[3] + offset),
                           load_32(at[4] + offset), load_32(at[5] + offset),
                           load_32(at[6] + offset), load_32(at[7] + offset));
}
// out[j]: bytes 4 j to 4 j + 3 of each row: 16 bytes of 8 rows, transposed as 32-bit units.
inline void load_16_bytes_of_rows(const Rows& rows, int64_t offset, VecI* out) {
  __m256i pair[4];  // row i, and row i + 4 in the upper half
  for (int i = 0; i < 4; ++i) {
    const auto* low = reinterpret_cast<const __m128i*>(rows.at[i] + offset);
    const auto* high = reinterpret_cast<const __m128i*>(rows.at[i + 4] + offset);
    pair[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(low)),
                                      _mm_loadu_si128(high), 1);
  }
  const __m256i low_01 = _mm256_unpacklo_epi32(pair[0], pair[1]);
  const __m256i low_23 = _mm256_unpacklo_epi32(pair[2], pair[3]);
  const __m256i high_01 = _mm256_unpackhi_epi32(pair[0], pair[1]);
  const __m256i high_23 = _mm256_unpackhi_epi32(pair[2], pair[3]);
  out[0] = _mm256_unpacklo_epi64(low_01, low_23);
  out[1] = _mm256_unpackhi_epi64(low_01, low_23);
  out[2] = _mm256_unpacklo_epi64(high_01, high_23);
  out[3] = _mm256_unpackhi_epi64(high_01, high_23);
}

// Each lane: k0 * x.sums[0] + k1 * x.sums[1].
template <int k0, int k1>
inline VecI weigh_sums(const BlockQ8A& x) {
  return _mm256_madd_epi16(_mm256_set1_epi32(load_32(x.sums)),
                           _mm256_set1_epi32(k1 * 0x10000 + (k0 & 0xffff)));
}

// Bytes times bytes: of unsigned ones in a and signed ones in b.
inline VecI multiply_bytes(VecI a, VecI b) { return _mm256_maddubs_epi16(a, b); }  // pairs, 16 bits
inline VecI multiply_signed_bytes(VecI a, VecI b) {
  return _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8(b, a));
}
inline VecI add_shorts(VecI a, VecI b) { return _mm256_add_epi16(a, b); }
inline VecI add_up_pairs(VecI v) { return _mm256_madd_epi16(v, _mm256_set1_epi16(1)); }
inline VecI splat_32(const void* at) { return _mm256_set1_epi32(load_32(at)); }
inline VecI splat_byte(int value) { return _mm256_set1_epi8(static_cast<char>(value)); }
inline VecI flip_bits(VecI a, VecI b) { return _mm256_xor_si256(a, b); }
