// Blocks of 256: sub-blocks whose scales (and minima) are small integers, times one or two fp16
// scales of the block. Each sub-block is fitted by itself; its scale is rounded to the integers of
// the form; then the neighbours of these integers, and the block's scales, are fitted again to what
// the rounding has left.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "tensor/half.h"
#include "tensor/quantize.h"
#include "tensor/quantize_blocks.h"
#include "tensor/scale_search.h"

namespace cria {
namespace {

constexpr int kElems = 256;
constexpr int kMaxSubBlocks = 16;
constexpr int kRounds = 3;  // of refitting the block's scales; later ones gain below 0.1 %

// x ~ d * scale[j] * q - dmin * min[j] in sub-block j.
struct Form {
  int n_sub;        // sub-blocks
  IntRange q;       // of the elements
  IntRange scales;  // of the sub-blocks' scales
  bool has_min;     // minima have the range of the scales; otherwise they are 0
  int size() const { return kElems / n_sub; }
};
constexpr Form kFormQ2K = {16, {0, 3}, {0, 15}, true};
constexpr Form kFormQ3K = {16, {-4, 3}, {-32, 31}, false};
constexpr Form kFormQ4K = {8, {0, 15}, {0, 63}, true};
constexpr Form kFormQ5K = {8, {0, 31}, {0, 63}, true};
constexpr Form kFormQ6K = {16, {-32, 31}, {-128, 127}, false};

struct Block {
  uint16_t d = 0, dmin = 0;  // fp16
  int scale[kMaxSubBlocks] = {};
  int min[kMaxSubBlocks] = {};
};

uint16_t store_half(double x) {
  constexpr auto kMost = static_cast<double>(kLargestQuantizable);
  return f32_to_f16(static_cast<float>(std::clamp(x, -kMost, kMost)));
}

Samples sub_block(const Form& form, const float* x, const float* w, int j) {
  return {x + j * form.size(), w + j * form.size(), form.size()};
}

struct Scales {
  float d, dmin;
};
Scales scales_of(const Block& block) { return {f16_to_f32(block.d), f16_to_f32(block.dmin)}; }

double error_of(const Form& form, const Samples& samples, Scales s, int scale, int min) {
  return static_cast<double>(square_error(samples, s.d * static_cast<float>(scale),
                                          -s.dmin * static_cast<float>(min), form.q));
}

double error_of(const Form& form, const float* x, const float* w, const Block& block) {
  double error = 0;
  for (int j = 0; j < form.n_sub; ++j) {
    error +=
        error_of(form, sub_block(form, x, w, j), scales_of(block), block.scale[j], block.min[j]);
  }
  return error;
}

int round_into(float value, float unit, IntRange range) {
  return unit != 0 ? quantize_one(value, 1 / unit, range) : 0;
}

// The fits of the sub-blocks, rounded to integers of the largest.
struct Fits {
  float scale[kMaxSubBlocks];
  float min[kMaxSubBlocks];
};

Fits fit_sub_blocks(const Form& form, const float* x, const float* w) {
  Fits fits = {};
  for (int j = 0; j < form.n_sub; ++j) {
    const Samples samples = sub_block(form, x, w, j);
    if (form.has_min) {
      const ScaleOffset fit = fit_scale_offset(samples, form.q.hi, Offset::at_most_zero);
      fits.scale[j] = fit.d;
      fits.min[j] = -fit.offset;
    } else {
      fits.scale[j] = fit_scale(samples, form.q);
    }
  }
  return fits;
}

// The scale of largest magnitude gets the integer of largest magnitude, which may be negative: so
// may d be.
Block round_fits(const Form& form, const Fits& fits) {
  float most_scale = 0, most_min = 0;
  for (int j = 0; j < form.n_sub; ++j) {
    if (std::fabs(fits.scale[j]) > std::fabs(most_scale)) most_scale = fits.scale[j];
    most_min = std::max(most_min, fits.min[j]);
  }
  const int end = form.has_min ? form.scales.hi : form.scales.lo;
  Block block;
  block.d = store_half(static_cast<double>(most_scale) / end);
  block.dmin = store_half(static_cast<double>(most_min) / end);
  const Scales s = scales_of(block);
  for (int j = 0; j < form.n_sub; ++j) {
    block.scale[j] = round_into(fits.scale[j], s.d, form.scales);
    if (form.has_min) block.min[j] = round_into(fits.min[j], s.dmin, form.scales);
  }
  return block;
}

// The best of each sub-block's integers and their neighbours, for the block's scales as stored.
void improve_integers(const Form& form, const float* x, const float* w, Block& block) {
  const Scales s = scales_of(block);
  const int min_step = form.has_min ? 1 : 0;
  for (int j = 0; j < form.n_sub; ++j) {
    const Samples samples = sub_block(form, x, w, j);
    const int scale = block.scale[j], min = block.min[j];
    double least = error_of(form, samples, s, scale, min);
    for (int a = scale - 1; a <= scale + 1; ++a) {
      for (int b = min - min_step; b <= min + min_step; ++b) {
        const bool possible = a >= form.scales.lo && a <= form.scales.hi &&
                              (!form.has_min || (b >= 0 && b <= form.scales.hi));
        if (!possible || (a == scale && b == min)) continue;
        const double error = error_of(form, samples, s, a, b);
        if (error >= least) continue;
        least = error;
        block.scale[j] = a;
        block.min[j] = b;
      }
    }
  }
}

// The elements' integers for the block's scales.
void quantize_elements(const Form& form, const float* x, const Block& block, int (&q)[kElems]) {
  const Scales s = scales_of(block);
  for (int j = 0; j < form.n_sub; ++j) {
    const float d = s.d * static_cast<float>(block.scale[j]);
    const float min = s.dmin * static_cast<float>(block.min[j]);
    const float inverse = d != 0 ? 1 / d : 0;
    for (int i = j * form.size(); i < (j + 1) * form.size(); ++i) {
      q[i] = quantize_one(x[i] + min, inverse, form.q);
    }
  }
}

// The block's scales again, for its integers as they are: x ~ d a - dmin b with a = scale q and
// b = min is linear in both.
Block refit_scales(const Form& form, const float* x, const float* w, const Block& block) {
  int q[kElems];
  quantize_elements(form, x, block, q);
  double aa = 0, ab = 0, bb = 0, xa = 0, xb = 0;
  for (int i = 0; i < kElems; ++i) {
    const int j = i / form.size();
    const double weight = static_cast<double>(w[i]), value = static_cast<double>(x[i]);
    const double a = block.scale[j] * q[i];
    const double b = -block.min[j];
    aa += weight * a * a;
    ab += weight * a * b;
    bb += weight * b * b;
    xa += weight * value * a;
    xb += weight * value * b;
  }
  Block out = block;
  const double det = aa * bb - ab * ab;
  if (det > 1e-9 * aa * bb) {
    out.d = store_half((xa * bb - xb * ab) / det);
    out.dmin = store_half((xb * aa - xa * ab) / det);
  } else if (aa > 0) {
    out.d = store_half((xa - static_cast<double>(scales_of(block).dmin) * ab) / aa);
  } else if (bb > 0) {
    out.dmin = store_half(xb / bb);
  }
  return out;
}

Block fit_block(const Form& form, const float* x, const float* w) {
  Block best = round_fits(form, fit_sub_blocks(form, x, w));
  improve_integers(form, x, w, best);
  double least = error_of(form, x, w, best);
  for (int round = 0; round < kRounds; ++round) {
    Block next = refit_scales(form, x, w, best);
    if (form.has_min && (scales_of(next).d < 0 || scales_of(next).dmin < 0)) break;
    improve_integers(form, x, w, next);
    const double error = error_of(form, x, w, next);
    if (!(error < least)) break;
    least = error;
    best = next;
  }
  return best;
}

uint8_t byte(int value) { return static_cast<uint8_t>(value); }
void set_bits(uint8_t& at, int bits) { at = static_cast<uint8_t>(at | bits); }

// Two bits of each element: 32 elements to 32 bytes, four groups of 32 on top of each other.
void pack_pairs(const int (&q)[kElems], uint8_t (&qs)[64]) {
  std::memset(qs, 0, sizeof qs);
  for (int i = 0; i < kElems; ++i) {
    set_bits(qs[i / 128 * 32 + i % 32], (q[i] & 3) << (i % 128 / 32 * 2));
  }
}

// Four bits of each element: two groups of 32 on top of each other.
void pack_nibbles(const int (&q)[kElems], uint8_t (&qs)[128]) {
  std::memset(qs, 0, sizeof qs);
  for (int i = 0; i < kElems; ++i) {
    set_bits(qs[i / 64 * 32 + i % 32], (q[i] & 15) << (i % 64 / 32 * 4));
  }
}

// Scales and minima of q4_K and q5_K, six bits each: see unpack in blocks.cc.
void pack_scales_mins(const Block& block, uint8_t (&scales)[12]) {
  std::memset(scales, 0, sizeof scales);
  for (int j = 0; j < 4; ++j) {
    scales[j] = byte(block.scale[j] | ((block.scale[j + 4] >> 4) << 6));
    scales[j + 4] = byte(block.min[j] | ((block.min[j + 4] >> 4) << 6));
    scales[j + 8] = byte((block.scale[j + 4] & 15) | ((block.min[j + 4] & 15) << 4));
  }
}

}  // namespace

void quantize_block(const float* x, const float* w, BlockQ2K& out) {
  const Block block = fit_block(kFormQ2K, x, w);
  int q[kElems];
  quantize_elements(kFormQ2K, x, block, q);
  out.d = block.d;
  out.dmin = block.dmin;
  for (int j = 0; j < 16; ++j) out.scales[j] = byte(block.scale[j] | (block.min[j] << 4));
  pack_pairs(q, out.qs);
}

void quantize_block(const float* x, const float* w, BlockQ3K& out) {
  const Block block = fit_block(kFormQ3K, x, w);
  int q[kElems];
  quantize_elements(kFormQ3K, x, block, q);
  out.d = block.d;
  std::memset(out.scales, 0, sizeof out.scales);
  for (int j = 0; j < 16; ++j) {
    const int scale = block.scale[j] + 32;
    set_bits(out.scales[j % 8], (scale & 15) << (j / 8 * 4));
    set_bits(out.scales[8 + j % 4], (scale >> 4) << (j / 4 * 2));
  }
  std::memset(out.hmask, 0, sizeof out.hmask);
  for (int i = 0; i < kElems; ++i) {
    q[i] += 4;
    set_bits(out.hmask[i % 32], (q[i] >> 2) << (i / 32));
  }
  pack_pairs(q, out.qs);
}

void quantize_block(const float* x, const float* w, BlockQ4K& out) {
  const Block block = fit_block(kFormQ4K, x, w);
  int q[kElems];
  quantize_elements(kFormQ4K, x, block, q);
  out.d = block.d;
  out.dmin = block.dmin;
  pack_scales_mins(block, out.scales);
  pack_nibbles(q, out.qs);
}

void quantize_block(const float* x, const float* w, BlockQ5K& out) {
  const Block block = fit_block(kFormQ5K, x, w);
  int q[kElems];
  quantize_elements(kFormQ5K, x, block, q);
  out.d = block.d;
  out.dmin = block.dmin;
  pack_scales_mins(block, out.scales);
  pack_nibbles(q, out.qs);
  std::memset(out.qh, 0, sizeof out.qh);
  for (int i = 0; i < kElems; ++i) set_bits(out.qh[i % 32], (q[i] >> 4) << (i / 32));
}

void quantize_block(const float* x, const float* w, BlockQ6K& out) {
  const Block block = fit_block(kFormQ6K, x, w);
  int q[kElems];
  quantize_elements(kFormQ6K, x, block, q);
  out.d = block.d;
  for (int j = 0; j < 16; ++j) out.scales[j] = static_cast<int8_t>(block.scale[j]);
  std::memset(out.ql, 0, sizeof out.ql);
  std::memset(out.qh, 0, sizeof out.qh);
  for (int i = 0; i < kElems; ++i) {
    const int value = q[i] + 32;
    const int in_128 = i % 128;
    set_bits(out.ql[i / 128 * 64 + in_128 % 64], (value & 15) << (in_128 / 64 * 4));
    set_bits(out.qh[i / 128 * 32 + i % 32], (value >> 4) << (in_128 / 32 * 2));
  }
}

}  // namespace cria
