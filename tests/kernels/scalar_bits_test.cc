// The scalar table gives the same bits on every CPU and from every compiler: a hash of what
// each of its slots makes of fixed inputs. A change of a definition changes its hash, and says so
// here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "kernels/tables.h"

namespace cria::kernels {
namespace {

using testing::Random;

// FNV-1a.
uint64_t hash(const void* data, size_t n_bytes) {
  uint64_t sum = 0xcbf29ce484222325;
  for (size_t i = 0; i < n_bytes; ++i) {
    sum = (sum ^ static_cast<const uint8_t*>(data)[i]) * 0x100000001b3;
  }
  return sum;
}
template <typename T>
uint64_t hash(const std::vector<T>& values) {
  return hash(values.data(), values.size() * sizeof(T));
}

const Table& kScalarTable = scalar::kTable;

TEST(ScalarBits, Quantize) {
  Random random(1);  // NOLINT: fixed inputs are the point
  const auto x = testing::uniforms(random, 2048, 3);
  std::vector<BlockQ8A> blocks(64);
  kScalarTable.quantize_q8a(x.data(), 2048, blocks.data());
  EXPECT_EQ(hash(blocks), 0x0d38e32ac911a86bu);
}

// 5 columns of weights, packed, times one row.
std::vector<float> product(PackedType type, const std::vector<uint8_t>& w, int64_t n_k,
                           const void* a, int64_t a_step_bytes) {
  constexpr int64_t kColumns = 5;
  const PackedKernel& kernel = *kScalarTable.packed[static_cast<size_t>(type)];
  const int64_t stride = static_cast<int64_t>(w.size()) / kColumns;
  std::vector<std::byte> panel(static_cast<size_t>(kernel.panel_bytes(n_k)));
  std::vector<float> out(kColumns);
  for (int64_t n = 0; n < kColumns; n += kernel.width) {
    const int64_t n_cols = std::min<int64_t>(kernel.width, kColumns - n);
    kernel.pack({.b = reinterpret_cast<const std::byte*>(w.data()) + n * stride,
                 .k_stride = 4,
                 .n_stride = stride,
                 .n_k = n_k,
                 .n_cols = n_cols,
                 .out = panel.data()});
    kernel.tiles[0].run({.a = static_cast<const std::byte*>(a),
                         .a_row_bytes = 0,
                         .a_step_bytes = a_step_bytes,
                         .a_sums = nullptr,
                         .b = panel.data(),
                         .panel_bytes = kernel.panel_bytes(n_k),
                         .first_k = 0,
                         .n_k = n_k,
                         .n_rows = 1,
                         .n_cols = n_cols,
                         .c = out.data() + n,
                         .c_stride = kColumns,
                         .add = false});
  }
  return out;
}

TEST(ScalarBits, ProductsOfBlocks) {
  Random random(2);  // NOLINT
  const auto x = testing::uniforms(random, 512, 3);
  std::vector<BlockQ8A> tokens(16);
  kScalarTable.quantize_q8a(x.data(), 512, tokens.data());
  std::vector<float> out;
  constexpr DType kTypes[] = {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0,
                              DType::q2_k, DType::q3_k, DType::q4_k, DType::q5_k, DType::q6_k};
  auto type = static_cast<int>(PackedType::q4_0);
  for (const DType dtype : kTypes) {
    std::vector<uint8_t> w(5 * *row_bytes(dtype, 512));
    for (uint8_t& byte : w) byte = static_cast<uint8_t>(random() & 0x3f);  // fp16 fields are finite
    const auto part = product(static_cast<PackedType>(type++), w, 512, tokens.data(), 0);
    out.insert(out.end(), part.begin(), part.end());
  }
  EXPECT_EQ(hash(out), 0x3b87ba82e13eef36u);
}

TEST(ScalarBits, ProductsOfFloats) {
  Random random(3);  // NOLINT
  const auto x = testing::uniforms(random, 333, 3);
  const auto w = testing::uniforms(random, 5 * 333, 1);
  std::vector<uint8_t> bytes(w.size() * 4);
  std::memcpy(bytes.data(), w.data(), bytes.size());
  EXPECT_EQ(hash(product(PackedType::f32, bytes, 333, x.data(), 4)), 0x02703f1cda1da873u);
}

TEST(ScalarBits, NormAndActivation) {
  Random random(4);  // NOLINT
  const auto x = testing::uniforms(random, 777, 8);
  const auto y = testing::uniforms(random, 777, 2);
  std::vector<float> out(777);
  kScalarTable.rms_norm(x.data(), y.data(), 777, 1e-5f, out.data());
  EXPECT_EQ(hash(out), 0x2b3c98350326ccceu);
  kScalarTable.swiglu(x.data(), y.data(), 777, out.data());
  EXPECT_EQ(hash(out), 0xd9cefa93b8db7597u);
}

TEST(ScalarBits, Attend) {
  Random random(5);  // NOLINT
  const auto q = testing::uniforms(random, 3 * 20, 4);
  const auto k = testing::uniforms(random, 150 * 20, 1);
  const auto v = testing::uniforms(random, 150 * 20, 1);
  std::vector<float> out(3 * 20);
  const int32_t pages[] = {0, 1, 2, 3, 4};
  const auto rows = [](const std::vector<float>& x) {
    return KvRows{DType::f32, reinterpret_cast<const std::byte*>(x.data()), kKvPage * 80, 80};
  };
  kScalarTable.attend({.q = q.data(),
                       .n_heads = 3,
                       .head_dim = 20,
                       .pages = pages,
                       .k = rows(k),
                       .v = rows(v),
                       .first = 0,
                       .n_positions = 150,
                       .scale = 0.25f,
                       .out = out.data()});
  EXPECT_EQ(hash(out), 0x4b1dcf8a32b918abu);
}

}  // namespace
}  // namespace cria::kernels
