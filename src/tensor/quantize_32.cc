// Blocks of 32 with one scale, or a scale and a minimum, in fp16. The integers are taken for the
// scale as it is stored, not as it was found.
#include <algorithm>

#include "tensor/half.h"
#include "tensor/quantize.h"
#include "tensor/quantize_blocks.h"
#include "tensor/scale_search.h"

namespace cria {
namespace {

constexpr int kElems = 32;

uint16_t store_half(float x) {
  return f32_to_f16(std::clamp(x, -kLargestQuantizable, kLargestQuantizable));
}

// The scale's bits; q gets the integers.
uint16_t quantize_symmetric(const float* x, const float* w, IntRange range, int (&q)[kElems]) {
  const uint16_t bits = store_half(fit_scale({x, w, kElems}, range));
  const float d = f16_to_f32(bits);
  for (int i = 0; i < kElems; ++i) q[i] = d != 0 ? quantize_one(x[i], 1 / d, range) : 0;
  return bits;
}

struct ScaleMinBits {
  uint16_t d, m;
};
ScaleMinBits quantize_affine(const float* x, const float* w, int q_max, int (&q)[kElems]) {
  const ScaleOffset fit = fit_scale_offset({x, w, kElems}, q_max, Offset::any);
  const ScaleMinBits bits = {store_half(fit.d), store_half(fit.offset)};
  const float d = f16_to_f32(bits.d), m = f16_to_f32(bits.m);
  for (int i = 0; i < kElems; ++i) q[i] = d != 0 ? quantize_one(x[i] - m, 1 / d, {0, q_max}) : 0;
  return bits;
}

// Element i in the low half of byte i, element i + 16 in the high one.
void pack_nibbles(const int (&q)[kElems], uint8_t (&qs)[16]) {
  for (int i = 0; i < 16; ++i) qs[i] = static_cast<uint8_t>((q[i] & 15) | ((q[i + 16] & 15) << 4));
}

void pack_fifth_bits(const int (&q)[kElems], uint8_t (&qh)[4]) {
  for (uint8_t& byte : qh) byte = 0;
  for (int i = 0; i < kElems; ++i) {
    qh[i / 8] = static_cast<uint8_t>(qh[i / 8] | (((q[i] >> 4) & 1) << (i % 8)));
  }
}

}  // namespace

void quantize_block(const float* x, const float* w, BlockQ4_0& out) {
  int q[kElems];
  out.d = quantize_symmetric(x, w, {-8, 7}, q);
  for (int& value : q) value += 8;
  pack_nibbles(q, out.qs);
}

void quantize_block(const float* x, const float* w, BlockQ4_1& out) {
  int q[kElems];
  const ScaleMinBits bits = quantize_affine(x, w, 15, q);
  out.d = bits.d;
  out.m = bits.m;
  pack_nibbles(q, out.qs);
}

void quantize_block(const float* x, const float* w, BlockQ5_0& out) {
  int q[kElems];
  out.d = quantize_symmetric(x, w, {-16, 15}, q);
  for (int& value : q) value += 16;
  pack_nibbles(q, out.qs);
  pack_fifth_bits(q, out.qh);
}

void quantize_block(const float* x, const float* w, BlockQ5_1& out) {
  int q[kElems];
  const ScaleMinBits bits = quantize_affine(x, w, 31, q);
  out.d = bits.d;
  out.m = bits.m;
  pack_nibbles(q, out.qs);
  pack_fifth_bits(q, out.qh);
}

void quantize_block(const float* x, const float* w, BlockQ8_0& out) {
  int q[kElems];
  out.d = quantize_symmetric(x, w, {-127, 127}, q);
  for (int i = 0; i < kElems; ++i) out.qs[i] = static_cast<int8_t>(q[i]);
}

}  // namespace cria
