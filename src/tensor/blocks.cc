#include "tensor/blocks.h"

#include <cstring>

#include "tensor/half.h"

namespace cria {
namespace {

// One overload per layout: 32 weights of a block; i_sub counts the 32s in a block of 256.

void set_scale(Unpacked32& out, float d, float m) {
  out.d[0] = out.d[1] = d;
  out.m[0] = out.m[1] = m;
}

int low_nibble(uint8_t byte) { return byte & 15; }
int high_nibble(uint8_t byte) { return byte >> 4; }

void unpack(const BlockQ4_0& block, int, Unpacked32& out) {
  for (int i = 0; i < 16; ++i) {
    out.q[i] = static_cast<int8_t>(low_nibble(block.qs[i]) - 8);
    out.q[i + 16] = static_cast<int8_t>(high_nibble(block.qs[i]) - 8);
  }
  set_scale(out, f16_to_f32(block.d), 0);
}

void unpack(const BlockQ4_1& block, int, Unpacked32& out) {
  for (int i = 0; i < 16; ++i) {
    out.q[i] = static_cast<int8_t>(low_nibble(block.qs[i]));
    out.q[i + 16] = static_cast<int8_t>(high_nibble(block.qs[i]));
  }
  set_scale(out, f16_to_f32(block.d), -f16_to_f32(block.m));
}

// The fifth bit of element i is bit i of qh.
int fifth_bit(const uint8_t (&qh)[4], int i) { return ((qh[i / 8] >> (i % 8)) & 1) << 4; }

void unpack(const BlockQ5_0& block, int, Unpacked32& out) {
  for (int i = 0; i < 16; ++i) {
    out.q[i] = static_cast<int8_t>((low_nibble(block.qs[i]) | fifth_bit(block.qh, i)) - 16);
    out.q[i + 16] =
        static_cast<int8_t>((high_nibble(block.qs[i]) | fifth_bit(block.qh, i + 16)) - 16);
  }
  set_scale(out, f16_to_f32(block.d), 0);
}

void unpack(const BlockQ5_1& block, int, Unpacked32& out) {
  for (int i = 0; i < 16; ++i) {
    out.q[i] = static_cast<int8_t>(low_nibble(block.qs[i]) | fifth_bit(block.qh, i));
    out.q[i + 16] = static_cast<int8_t>(high_nibble(block.qs[i]) | fifth_bit(block.qh, i + 16));
  }
  set_scale(out, f16_to_f32(block.d), -f16_to_f32(block.m));
}

void unpack(const BlockQ8_0& block, int, Unpacked32& out) {
  std::memcpy(out.q, block.qs, sizeof out.q);
  set_scale(out, f16_to_f32(block.d), 0);
}

void unpack(const BlockQ2K& block, int i_sub, Unpacked32& out) {
  const uint8_t* qs = block.qs + 32 * (i_sub / 4);
  const int shift = 2 * (i_sub % 4);
  for (int i = 0; i < 32; ++i) out.q[i] = static_cast<int8_t>((qs[i] >> shift) & 3);
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int half = 0; half < 2; ++half) {
    const uint8_t scale = block.scales[2 * i_sub + half];
    out.d[half] = d * static_cast<float>(low_nibble(scale));
    out.m[half] = dmin * static_cast<float>(high_nibble(scale));
  }
}

// Scale i of 16: six bits, the low four in a nibble of the first 8 bytes, the high two in the
// last 4.
int scale_q3(const uint8_t (&scales)[12], int i) {
  const int low = i < 8 ? low_nibble(scales[i]) : high_nibble(scales[i - 8]);
  const int high = (scales[8 + i % 4] >> (2 * (i / 4))) & 3;
  return (low | (high << 4)) - 32;
}

void unpack(const BlockQ3K& block, int i_sub, Unpacked32& out) {
  const uint8_t* qs = block.qs + 32 * (i_sub / 4);
  const int shift = 2 * (i_sub % 4);
  for (int i = 0; i < 32; ++i) {
    const int third_bit = ((block.hmask[i] >> i_sub) & 1) << 2;
    out.q[i] = static_cast<int8_t>((((qs[i] >> shift) & 3) | third_bit) - 4);
  }
  const float d = f16_to_f32(block.d);
  for (int half = 0; half < 2; ++half) {
    out.d[half] = d * static_cast<float>(scale_q3(block.scales, 2 * i_sub + half));
    out.m[half] = 0;
  }
}

// Scale and minimum i of 8, six bits each: 0 to 3 in the low bits of bytes i and i + 4; the others'
// low four bits in the nibbles of byte i + 4, their high two on top of bytes i - 4 and i.
struct ScaleMin {
  int scale, min;
};
ScaleMin scale_min_q4k(const uint8_t (&scales)[12], int i) {
  if (i < 4) return {scales[i] & 63, scales[i + 4] & 63};
  return {low_nibble(scales[i + 4]) | ((scales[i - 4] >> 6) << 4),
          high_nibble(scales[i + 4]) | ((scales[i] >> 6) << 4)};
}

template <typename Block>  // BlockQ4K, BlockQ5K
void set_scale_min(const Block& block, int i_sub, Unpacked32& out) {
  const ScaleMin at = scale_min_q4k(block.scales, i_sub);
  set_scale(out, f16_to_f32(block.d) * static_cast<float>(at.scale),
            f16_to_f32(block.dmin) * static_cast<float>(at.min));
}

void unpack(const BlockQ4K& block, int i_sub, Unpacked32& out) {
  const uint8_t* qs = block.qs + 32 * (i_sub / 2);
  const int shift = 4 * (i_sub % 2);
  for (int i = 0; i < 32; ++i) out.q[i] = static_cast<int8_t>((qs[i] >> shift) & 15);
  set_scale_min(block, i_sub, out);
}

void unpack(const BlockQ5K& block, int i_sub, Unpacked32& out) {
  const uint8_t* qs = block.qs + 32 * (i_sub / 2);
  const int shift = 4 * (i_sub % 2);
  for (int i = 0; i < 32; ++i) {
    const int high = ((block.qh[i] >> i_sub) & 1) << 4;
    out.q[i] = static_cast<int8_t>(((qs[i] >> shift) & 15) | high);
  }
  set_scale_min(block, i_sub, out);
}

void unpack(const BlockQ6K& block, int i_sub, Unpacked32& out) {
  const int i_128 = i_sub / 4;  // the layout repeats every 128 weights
  const int i_32 = i_sub % 4;
  const uint8_t* ql = block.ql + 64 * i_128 + 32 * (i_32 % 2);
  const uint8_t* qh = block.qh + 32 * i_128;
  for (int i = 0; i < 32; ++i) {
    const int low = (ql[i] >> (4 * (i_32 / 2))) & 15;
    const int high = (qh[i] >> (2 * i_32)) & 3;
    out.q[i] = static_cast<int8_t>((low | (high << 4)) - 32);
  }
  const float d = f16_to_f32(block.d);
  for (int half = 0; half < 2; ++half) {
    out.d[half] = d * static_cast<float>(block.scales[2 * i_sub + half]);
    out.m[half] = 0;
  }
}

template <typename Block>
void unpack_as(const std::byte* row, int64_t i_32, Unpacked32& out) {
  constexpr int64_t kSubBlocks = sizeof(Block) > sizeof(BlockQ8_0) ? 8 : 1;
  Block block;  // a copy, because a row may stand at any address
  std::memcpy(&block, row + i_32 / kSubBlocks * static_cast<int64_t>(sizeof block), sizeof block);
  unpack(block, static_cast<int>(i_32 % kSubBlocks), out);
}

void dequantize_blocks(DType dtype, const std::byte* row, int64_t n, float* out) {
  Unpacked32 block;
  for (int64_t i = 0; i < n; ++i) {
    if (i % 32 == 0) unpack_32(dtype, row, i / 32, block);
    const int64_t half = i % 32 / 16;
    out[i] = block.d[half] * static_cast<float>(block.q[i % 32]) - block.m[half];
  }
}

}  // namespace

void unpack_32(DType dtype, const std::byte* row, int64_t i_32, Unpacked32& out) {
  switch (dtype) {
    case DType::q4_0:
      return unpack_as<BlockQ4_0>(row, i_32, out);
    case DType::q4_1:
      return unpack_as<BlockQ4_1>(row, i_32, out);
    case DType::q5_0:
      return unpack_as<BlockQ5_0>(row, i_32, out);
    case DType::q5_1:
      return unpack_as<BlockQ5_1>(row, i_32, out);
    case DType::q8_0:
      return unpack_as<BlockQ8_0>(row, i_32, out);
    case DType::q2_k:
      return unpack_as<BlockQ2K>(row, i_32, out);
    case DType::q3_k:
      return unpack_as<BlockQ3K>(row, i_32, out);
    case DType::q4_k:
      return unpack_as<BlockQ4K>(row, i_32, out);
    case DType::q5_k:
      return unpack_as<BlockQ5K>(row, i_32, out);
    case DType::q6_k:
      return unpack_as<BlockQ6K>(row, i_32, out);
    default:
      out = {};
      return;
  }
}

void dequantize_row(DType dtype, const std::byte* row, int64_t n, float* out) {
  if (dtype == DType::f32) {
    std::memcpy(out, row, static_cast<size_t>(n) * sizeof *out);
  } else if (dtype == DType::f16 || dtype == DType::bf16) {
    for (int64_t i = 0; i < n; ++i) {
      uint16_t bits;
      std::memcpy(&bits, row + 2 * i, sizeof bits);
      out[i] = dtype == DType::f16 ? f16_to_f32(bits) : bf16_to_f32(bits);
    }
  } else {
    dequantize_blocks(dtype, row, n, out);
  }
}

}  // namespace cria
