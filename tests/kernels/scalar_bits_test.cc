// The scalar table gives the same bits on every CPU and from every compiler: a hash of what each of
// its slots makes of fixed inputs. A change of a definition changes its hash, and says so here.
#include <gtest/gtest.h>

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

const Table& table = scalar::kTable;

TEST(ScalarBits, Quantize) {
  Random random(1);  // NOLINT: fixed inputs are the point
  const auto x = testing::uniforms(random, 2048, 3);
  std::vector<BlockQ8A> blocks(64);
  table.quantize_q8a(x.data(), 2048, blocks.data());
  EXPECT_EQ(hash(blocks), 0x0d38e32ac911a86bu);
}

TEST(ScalarBits, MatmulOfBlocks) {
  Random random(2);  // NOLINT
  const auto x = testing::uniforms(random, 512, 3);
  std::vector<BlockQ8A> tokens(16);
  table.quantize_q8a(x.data(), 512, tokens.data());
  std::vector<float> out;
  for (const DType dtype : {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0,
                            DType::q2_k, DType::q3_k, DType::q4_k, DType::q5_k, DType::q6_k}) {
    const auto w_row_bytes = static_cast<int64_t>(*row_bytes(dtype, 512));
    std::vector<uint8_t> w(static_cast<size_t>(5 * w_row_bytes));
    for (uint8_t& byte : w) byte = static_cast<uint8_t>(random() & 0x3f);  // fp16 fields are finite
    std::vector<float> part(5);
    table.matmul[static_cast<size_t>(dtype)](
        {.w = reinterpret_cast<const std::byte*>(w.data()),
         .w_row_bytes = w_row_bytes,
         .n_rows = 5,
         .n_cols = 512,
         .x = reinterpret_cast<const std::byte*>(tokens.data()),
         .x_row_bytes = 16 * sizeof(BlockQ8A),
         .n_tokens = 1,
         .out = part.data(),
         .out_stride = 5});
    out.insert(out.end(), part.begin(), part.end());
  }
  EXPECT_EQ(hash(out), 0xad674fc5a10da6bdu);
}

TEST(ScalarBits, MatmulOfFloats) {
  Random random(3);  // NOLINT
  const auto x = testing::uniforms(random, 333, 3);
  const auto w = testing::uniforms(random, 5 * 333, 1);
  std::vector<float> out(5);
  table.matmul[static_cast<size_t>(DType::f32)]({.w = reinterpret_cast<const std::byte*>(w.data()),
                                                 .w_row_bytes = 333 * 4,
                                                 .n_rows = 5,
                                                 .n_cols = 333,
                                                 .x = reinterpret_cast<const std::byte*>(x.data()),
                                                 .x_row_bytes = 333 * 4,
                                                 .n_tokens = 1,
                                                 .out = out.data(),
                                                 .out_stride = 5});
  EXPECT_EQ(hash(out), 0x33de90733540a99du);
}

TEST(ScalarBits, NormAndActivation) {
  Random random(4);  // NOLINT
  const auto x = testing::uniforms(random, 777, 8);
  const auto y = testing::uniforms(random, 777, 2);
  std::vector<float> out(777);
  table.rms_norm(x.data(), y.data(), 777, 1e-5f, out.data());
  EXPECT_EQ(hash(out), 0x2b3c98350326ccceu);
  table.swiglu(x.data(), y.data(), 777, out.data());
  EXPECT_EQ(hash(out), 0xd9cefa93b8db7597u);
}

TEST(ScalarBits, Attend) {
  Random random(5);  // NOLINT
  const auto q = testing::uniforms(random, 3 * 20, 4);
  const auto k = testing::uniforms(random, 150 * 20, 1);
  const auto v = testing::uniforms(random, 150 * 20, 1);
  std::vector<float> out(3 * 20);
  table.attend_f32({.q = q.data(),
                    .n_heads = 3,
                    .head_dim = 20,
                    .k = reinterpret_cast<const std::byte*>(k.data()),
                    .k_row_bytes = 80,
                    .v = reinterpret_cast<const std::byte*>(v.data()),
                    .v_row_bytes = 80,
                    .n_positions = 150,
                    .scale = 0.25f,
                    .out = out.data()});
  EXPECT_EQ(hash(out), 0x4b1dcf8a32b918abu);
}

}  // namespace
}  // namespace cria::kernels
