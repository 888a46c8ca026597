// The vector primitives that kernels/shared is written in, for every folder with 512-bit vectors:
// AVX-512 F, BW, DQ and VL. Included in an unnamed namespace. Lanes are 32 bits wide; a VecI holds
// int32 lanes or, where a name says bytes, 4 bytes a lane.

constexpr int kLanes = 16;
constexpr int kPanelVecs = 3;  // vectors side by side in a panel of floats
using VecF = __m512;
using VecI = __m512i;
using VecM = __mmask16;

// Floats.
inline VecF zeros() { return _mm512_setzero_ps(); }
inline VecF splat(float value) { return _mm512_set1_ps(value); }
inline VecF add(VecF a, VecF b) { return _mm512_add_ps(a, b); }
inline VecF mul(VecF a, VecF b) { return _mm512_mul_ps(a, b); }
inline VecF div(VecF a, VecF b) { return _mm512_div_ps(a, b); }
inline VecF fma(VecF a, VecF b, VecF c) { return _mm512_fmadd_ps(a, b, c); }    // a * b + c
inline VecF fnma(VecF a, VecF b, VecF c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a * b
inline VecF abs(VecF a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
inline VecF negate(VecF a) { return _mm512_xor_ps(_mm512_set1_ps(-0.0f), a); }
// The second operand where one is NaN.
inline VecF max(VecF a, VecF b) { return _mm512_max_ps(a, b); }
inline VecF min(VecF a, VecF b) { return _mm512_min_ps(a, b); }

inline float sum_lanes(VecF v) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float max_lane(VecF v) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// Lane j of v[i] and lane i of v[j] change places.
inline void transpose(VecF (&v)[kLanes]) {
  __m512 pairs[16], fours[16];
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int j = 0; j < 2; ++j) {
      const __m512d a = _mm512_castps_pd(pairs[i + j]), b = _mm512_castps_pd(pairs[i + 2 + j]);
      fours[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
      fours[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
    }
  }
  for (int j = 0; j < 4; ++j) {  // of each quarter, lane j of four rows
    const __m512 low_even = _mm512_shuffle_f32x4(fours[j], fours[4 + j], 0x88);
    const __m512 low_odd = _mm512_shuffle_f32x4(fours[j], fours[4 + j], 0xdd);
    const __m512 high_even = _mm512_shuffle_f32x4(fours[8 + j], fours[12 + j], 0x88);
    const __m512 high_odd = _mm512_shuffle_f32x4(fours[8 + j], fours[12 + j], 0xdd);
    v[j] = _mm512_shuffle_f32x4(low_even, high_even, 0x88);
    v[8 + j] = _mm512_shuffle_f32x4(low_even, high_even, 0xdd);
    v[4 + j] = _mm512_shuffle_f32x4(low_odd, high_odd, 0x88);
    v[12 + j] = _mm512_shuffle_f32x4(low_odd, high_odd, 0xdd);
  }
}

// Masks.
inline VecM less(VecF a, VecF b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }  // false for NaN
inline VecM is_nan(VecF a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
inline VecF select(VecM mask, VecF yes, VecF no) { return _mm512_mask_blend_ps(mask, no, yes); }
inline bool all(VecM mask) { return mask == 0xffff; }

// Loads and stores: any alignment; the partial ones touch n < kLanes elements and load zeros for
// the rest.
inline __mmask16 partial_mask(int64_t n) {
  return static_cast<__mmask16>(n >= kLanes ? 0xffff : n <= 0 ? 0 : (1 << n) - 1);
}
inline VecF load(const float* at) { return _mm512_loadu_ps(at); }
inline VecF load_partial(const float* at, int64_t n) {
  return _mm512_maskz_loadu_ps(partial_mask(n), at);
}
inline void store(float* at, VecF v) { _mm512_storeu_ps(at, v); }
inline void store_partial(float* at, VecF v, int64_t n) {
  _mm512_mask_storeu_ps(at, partial_mask(n), v);
}
inline VecF load_f32(const void* at) { return _mm512_loadu_ps(at); }
inline VecF load_f16(const void* at) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(at)));
}
inline VecF load_bf16(const void* at) {
  const __m256i bits = _mm256_loadu_si256(static_cast<const __m256i*>(at));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
inline VecF load_s8(const void* at) {
  const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(at));
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
}
// kLanes bytes: the numbers in the low and in the high halves.
inline void load_2x_u4(const void* at, VecF& low, VecF& high) {
  const __m512i both = _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at)));
  low = _mm512_cvtepi32_ps(_mm512_and_si512(both, _mm512_set1_epi32(15)));
  high = _mm512_cvtepi32_ps(_mm512_srli_epi32(both, 4));
}
// Ties to even. Requires no NaN, whose bits would depend on the table.
inline void store_f16(uint16_t* at, VecF v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at),
                      _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

// int32 lanes.
inline VecI no_ints() { return _mm512_setzero_si512(); }
inline VecI splat_int(int value) { return _mm512_set1_epi32(value); }
inline VecI to_ints(VecF v) { return _mm512_cvtps_epi32(v); }  // ties to even
inline VecF to_floats(VecI v) { return _mm512_cvtepi32_ps(v); }
inline VecI load_ints(const void* at) { return _mm512_loadu_si512(at); }
inline VecI load_partial_ints(const int32_t* at, int64_t n) {
  return _mm512_maskz_loadu_epi32(partial_mask(n), at);
}
inline void store_partial_ints(int32_t* at, VecI v, int64_t n) {
  _mm512_mask_storeu_epi32(at, partial_mask(n), v);
}
inline VecI add_ints(VecI a, VecI b) { return _mm512_add_epi32(a, b); }
inline VecI subtract_ints(VecI a, VecI b) { return _mm512_sub_epi32(a, b); }
inline VecI halve_ints(VecI v) { return _mm512_srai_epi32(v, 1); }
// 2^n of each lane. Requires -126 <= n <= 127.
inline VecF power_of_two(VecI n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(n, _mm512_set1_epi32(127)), 23));
}
inline int32_t sum_ints(VecI v) {
  const __m256i eight =
      _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1));
  return _mm_cvtsi128_si32(four);
}
// 32 int32, each in [-128, 127], as bytes.
inline void store_bytes(int8_t* at, const VecI (&v)[32 / kLanes]) {
  for (int i = 0; i < 32 / kLanes; ++i) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at + i * kLanes), _mm512_cvtepi32_epi8(v[i]));
  }
}

// Bytes.
// (v >> shift) & mask of each byte. Requires mask <= 0xff >> shift.
inline VecI field(VecI v, int shift, int mask) {
  return _mm512_and_si512(_mm512_srli_epi16(v, static_cast<unsigned>(shift)),
                          _mm512_set1_epi8(static_cast<char>(mask)));
}
// a | (b << shift) of each byte. Requires that no bit leaves its byte.
inline VecI with_high(VecI a, VecI b, int shift) {
  return _mm512_or_si512(a, _mm512_slli_epi16(b, static_cast<unsigned>(shift)));
}
// a | field(v, from, mask) << to of each byte. Requires that the bits of a there are 0.
inline VecI with_field(VecI a, VecI v, int from, int mask, int to) {
  const VecI moved = from > to ? _mm512_srli_epi16(v, static_cast<unsigned>(from - to))
                               : _mm512_slli_epi16(v, static_cast<unsigned>(to - from));
  constexpr int kOrOfAnd = 0xf8;  // a | (moved & mask)
  return _mm512_ternarylogic_epi32(a, moved, _mm512_set1_epi8(static_cast<char>(mask << to)),
                                   kOrOfAnd);
}
// Byte b of each lane: 1 where bit 4 * i + b of the lane is set, else 0.
template <int i>
inline VecI spread_bits(VecI v) {
  constexpr int k = i / 2 * 0x01010101;  // the byte of the lane that holds the four bits
  const __m512i copies =
      _mm512_shuffle_epi8(v, _mm512_set4_epi32(k + 0x0c0c0c0c, k + 0x08080808, k + 0x04040404, k));
  const __m512i bits = _mm512_set1_epi32(i % 2 == 0 ? 0x08040201 : static_cast<int>(0x80402010));
  return _mm512_maskz_mov_epi8(_mm512_test_epi8_mask(copies, bits), _mm512_set1_epi8(1));
}
inline VecF byte_to_floats(VecI v, int i) {
  return to_floats(_mm512_and_si512(_mm512_srli_epi32(v, static_cast<unsigned>(8 * i)),
                                    _mm512_set1_epi32(0xff)));
}
inline VecF signed_byte_to_floats(VecI v, int i) {
  return to_floats(_mm512_srai_epi32(_mm512_slli_epi32(v, static_cast<unsigned>(24 - 8 * i)), 24));
}
// The f16 in the low or the high half of each lane.
inline VecF f16_from_low(VecI v) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v)); }
inline VecF f16_from_high(VecI v) { return f16_from_low(_mm512_srli_epi32(v, 16)); }

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
  short halves[kLanes];
  for (int i = 0; i < kLanes; ++i) halves[i] = load_16(rows.at[i] + offset);
  return load_f16(halves);
}
inline VecI load_32_of_rows(const Rows& rows, int64_t offset) {
  int words[kLanes];
  for (int i = 0; i < kLanes; ++i) words[i] = load_32(rows.at[i] + offset);
  return load_ints(words);
}
// out[j]: bytes 4 j to 4 j + 3 of each row: 16 bytes of 16 rows, transposed as 32-bit units.
inline void load_16_bytes_of_rows(const Rows& rows, int64_t offset, VecI* out) {
  const auto at = [&](int i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows.at[i] + offset));
  };
  __m512i four[4];  // rows i, i + 4, i + 8 and i + 12
  for (int i = 0; i < 4; ++i) {
    four[i] = _mm512_zextsi128_si512(at(i));
    four[i] = _mm512_inserti32x4(four[i], at(i + 4), 1);
    four[i] = _mm512_inserti32x4(four[i], at(i + 8), 2);
    four[i] = _mm512_inserti32x4(four[i], at(i + 12), 3);
  }
  const __m512i low_01 = _mm512_unpacklo_epi32(four[0], four[1]);
  const __m512i low_23 = _mm512_unpacklo_epi32(four[2], four[3]);
  const __m512i high_01 = _mm512_unpackhi_epi32(four[0], four[1]);
  const __m512i high_23 = _mm512_unpackhi_epi32(four[2], four[3]);
  out[0] = _mm512_unpacklo_epi64(low_01, low_23);
  out[1] = _mm512_unpackhi_epi64(low_01, low_23);
  out[2] = _mm512_unpacklo_epi64(high_01, high_23);
  out[3] = _mm512_unpackhi_epi64(high_01, high_23);
}

// Each lane: k0 * x.sums[0] + k1 * x.sums[1].
template <int k0, int k1>
inline VecI weigh_sums(const BlockQ8A& x) {
  return _mm512_madd_epi16(_mm512_set1_epi32(load_32(x.sums)),
                           _mm512_set1_epi32(k1 * 0x10000 + (k0 & 0xffff)));
}

// Bytes times bytes: of unsigned ones in a and signed ones in b.
inline VecI multiply_bytes(VecI a, VecI b) { return _mm512_maddubs_epi16(a, b); }  // pairs, 16 bits
inline VecI multiply_signed_bytes(VecI a, VecI b) {
  const __m512i with_sign =
      _mm512_mask_sub_epi8(b, _mm512_movepi8_mask(a), _mm512_setzero_si512(), b);
  return _mm512_maddubs_epi16(_mm512_abs_epi8(a), with_sign);
}
inline VecI add_shorts(VecI a, VecI b) { return _mm512_add_epi16(a, b); }
inline VecI add_up_pairs(VecI v) { return _mm512_madd_epi16(v, _mm512_set1_epi16(1)); }
inline VecI splat_32(const void* at) { return _mm512_set1_epi32(load_32(at)); }
inline VecI splat_byte(int value) { return _mm512_set1_epi8(static_cast<char>(value)); }
inline VecI flip_bits(VecI a, VecI b) { return _mm512_xor_si512(a, b); }
