#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/random_weights.h"
#include "kernels/tables.h"

namespace cria::kernels {
namespace {

using testing::Guarded;
using testing::is_quantized;
using testing::Random;
using testing::random_weights;
using testing::set_scales;

constexpr DType kFloats[] = {DType::f32, DType::f16, DType::bf16};
constexpr DType kBlocks[] = {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0,
                             DType::q2_k, DType::q3_k, DType::q4_k, DType::q5_k, DType::q6_k};

struct Shape {
  int64_t n_rows, n_cols, n_tokens;
};

// One product: inputs at guard pages, w shifted from alignment by `shift` bytes (and then away from
// its guard page).
class Product {
 public:
  Product(DType dtype, const Shape& shape, const std::vector<uint8_t>& w,
          const std::vector<float>& x, int64_t shift)
      : dtype_(dtype), shape_(shape), w_(static_cast<int64_t>(w.size()) + shift), x_(x_bytes(x)) {
    if (!w.empty()) std::memcpy(w_.bytes(), w.data(), w.size());
    row_bytes_ = static_cast<int64_t>(*row_bytes(dtype, static_cast<uint64_t>(shape.n_cols)));
  }

  MatmulArgs args(float* out, int64_t out_stride) {
    return {.w = w_.bytes(),
            .w_row_bytes = row_bytes_,
            .n_rows = shape_.n_rows,
            .n_cols = shape_.n_cols,
            .x = x_.bytes(),
            .x_row_bytes = x_row_bytes(),
            .n_tokens = shape_.n_tokens,
            .out = out,
            .out_stride = out_stride};
  }

  int64_t x_row_bytes() const {
    return is_quantized(dtype_) ? shape_.n_cols / 32 * static_cast<int64_t>(sizeof(BlockQ8A))
                                : shape_.n_cols * static_cast<int64_t>(sizeof(float));
  }

  // The exact product of the weights and tokens as they stand, and the sum that bounds the error.
  struct Exact {
    double value, magnitude;
  };
  Exact exact(int64_t i_row, int64_t i_token) {
    const std::byte* row = w_.bytes() + i_row * row_bytes_;
    const std::byte* x = x_.bytes() + i_token * x_row_bytes();
    return is_quantized(dtype_) ? exact_blocks(row, reinterpret_cast<const BlockQ8A*>(x))
                                : exact_floats(row, reinterpret_cast<const float*>(x));
  }

 private:
  std::vector<std::byte> x_bytes(const std::vector<float>& x) const {
    std::vector<BlockQ8A> blocks;
    const void* from = x.data();
    size_t n = x.size() * sizeof(float);
    if (is_quantized(dtype_)) {
      blocks.resize(x.size() / 32);
      scalar::kTable.quantize_q8a(x.data(), static_cast<int64_t>(x.size()), blocks.data());
      from = blocks.data();
      n = blocks.size() * sizeof(BlockQ8A);
    }
    const auto* begin = static_cast<const std::byte*>(from);
    return n == 0 ? std::vector<std::byte>() : std::vector<std::byte>(begin, begin + n);
  }
  Exact exact_floats(const std::byte* row, const float* x) const {
    std::vector<float> w(static_cast<size_t>(shape_.n_cols));
    dequantize_row(dtype_, row, shape_.n_cols, w.data());
    Exact sum{0, 0};
    for (size_t i = 0; i < w.size(); ++i) {
      sum.value += static_cast<double>(w[i]) * x[i];
      sum.magnitude += std::abs(static_cast<double>(w[i]) * x[i]);
    }
    return sum;
  }
  Exact exact_blocks(const std::byte* row, const BlockQ8A* x) const {
    Exact sum{0, 0};
    Unpacked32 w{};
    for (int64_t i = 0; i < shape_.n_cols; ++i) {
      if (i % 32 == 0) unpack_32(dtype_, row, i / 32, w);
      const int64_t half = i % 32 / 16;
      const double x_i = static_cast<double>(x[i / 32].d) * x[i / 32].q[i % 32];
      const double product = static_cast<double>(w.d[half]) * w.q[i % 32] * x_i;
      sum.value += product - w.m[half] * x_i;
      sum.magnitude += std::abs(product) + std::abs(w.m[half] * x_i);
    }
    return sum;
  }

  DType dtype_;
  Shape shape_;
  Guarded<std::byte> w_;
  Guarded<std::byte> x_;
  int64_t row_bytes_ = 0;
};

class Matmul : public testing::EveryTable {
 protected:
  MatmulFn slot(DType dtype) const { return table_.matmul[static_cast<size_t>(dtype)]; }

  // The slot against the exact product, with out rows further apart than needed.
  void check(DType dtype, const Shape& shape, Product& product) {
    SCOPED_TRACE(::testing::Message() << dtype_info(dtype).name << " rows " << shape.n_rows
                                      << " cols " << shape.n_cols << " tokens " << shape.n_tokens);
    const int64_t stride = shape.n_rows + 3;
    const int64_t n_out = shape.n_tokens == 0 ? 0 : (shape.n_tokens - 1) * stride + shape.n_rows;
    Guarded<float> out(n_out);
    constexpr float kUntouched = -12345.0f;
    std::fill_n(out.data(), n_out, kUntouched);
    slot(dtype)(product.args(out.data(), stride));
    for (int64_t i = 0; i < n_out; ++i) {
      const int64_t r = i % stride;
      if (r >= shape.n_rows) {
        ASSERT_EQ(out[i], kUntouched);
        continue;
      }
      const Product::Exact exact = product.exact(r, i / stride);
      ASSERT_NEAR(out[i], exact.value, 1e-5 * exact.magnitude)
          << "row " << r << " token " << i / stride;
    }
  }

  void check_random(DType dtype, const Shape& shape, uint32_t seed, int64_t shift) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed << " shift " << shift);
    Random random(seed);
    const auto w = random_weights(random, dtype, shape.n_rows, shape.n_cols);
    Product product(dtype, shape, w, testing::uniforms(random, shape.n_cols * shape.n_tokens, 2),
                    shift);
    check(dtype, shape, product);
  }

  void check_shapes(DType dtype, const std::vector<int64_t>& all_n_cols) {
    uint32_t seed = 100;
    for (const int64_t n_cols : all_n_cols) {
      for (const int64_t n_rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 33}) {
        check_random(dtype, {n_rows, n_cols, 3}, seed++, 0);
      }
      for (int64_t n_tokens = 0; n_tokens <= 17; ++n_tokens) {
        check_random(dtype, {5, n_cols, n_tokens}, seed++, 0);
      }
      for (int64_t shift = 1; shift <= 3; ++shift) {
        check_random(dtype, {9, n_cols, 5}, seed++, shift);
      }
      if (HasFatalFailure()) return;
    }
  }
};

TEST_P(Matmul, FloatsGiveTheExactProductWithinTheContract) {
  for (const DType dtype : kFloats) {
    check_shapes(dtype, {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 131});
  }
}

TEST_P(Matmul, BlocksGiveTheExactProductWithinTheContract) {
  for (const DType dtype : kBlocks) {
    const int64_t block = dtype_info(dtype).block_elems;
    check_shapes(dtype, block == 32 ? std::vector<int64_t>{32, 64, 96, 160, 224, 256, 288, 544}
                                    : std::vector<int64_t>{256, 512, 768});
  }
}

TEST_P(Matmul, MoreTokensThanAreTakenAtOnce) {
  check_random(DType::q4_0, {9, 64, 131}, 1, 0);
  check_random(DType::q6_k, {1, 256, 65}, 2, 0);
  check_random(DType::f32, {5, 33, 67}, 3, 0);
}

// Every byte of the quants alike, scales of one: the largest sums that the integers must hold.
TEST_P(Matmul, ExtremeQuantsDoNotSaturate) {
  const Shape shape{9, 512, 5};
  for (const DType dtype : kBlocks) {
    for (const int fill : {0x00, 0x0f, 0x7f, 0x80, 0x81, 0xf0, 0xff}) {
      for (const float sign : {1.0f, -1.0f}) {
        SCOPED_TRACE(fill);
        const size_t n_bytes = 9 * *row_bytes(dtype, 512);
        std::vector<uint8_t> w(n_bytes, static_cast<uint8_t>(fill));
        set_scales(dtype, w, [] { return uint16_t{0x3c00}; });
        Product product(dtype, shape, w, std::vector<float>(512 * 5, sign * 127), 0);
        check(dtype, shape, product);
      }
    }
  }
}

TEST_P(Matmul, ZeroScalesAndLargestScales) {
  const Shape shape{9, 512, 2};
  for (const DType dtype : kBlocks) {
    for (const uint16_t bits : {uint16_t{0}, uint16_t{0x8000}, uint16_t{1}, uint16_t{0x7bff}}) {
      Random random(5);  // NOLINT: a fixed seed
      auto w = random_weights(random, dtype, 9, 512);
      set_scales(dtype, w, [bits] { return bits; });
      Product product(dtype, shape, w, testing::uniforms(random, 512 * 2, 1000), 0);
      check(dtype, shape, product);
    }
  }
}

TEST_P(Matmul, ANanInATokenReachesItsOutputsAndNoOther) {
  for (const DType dtype : {DType::f32, DType::f16, DType::q4_0, DType::q4_k, DType::q6_k}) {
    Random random(6);  // NOLINT
    const Shape shape{9, 512, 6};
    const auto w = random_weights(random, dtype, 9, 512);
    auto x = testing::uniforms(random, 512 * 6, 1);
    x[512 * 2 + 300] = std::nanf("");
    Product product(dtype, shape, w, x, 0);
    std::vector<float> out(9 * 6);
    slot(dtype)(product.args(out.data(), 9));
    for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(std::isnan(out[i]), i / 9 == 2) << i;
  }
}

// The contract that makes chunks, batches and threads invisible.
TEST_P(Matmul, AnyTilingGivesTheSameBits) {
  const Shape shape{37, 768, 71};
  std::vector<DType> types(std::begin(kBlocks), std::end(kBlocks));
  types.insert(types.end(), std::begin(kFloats), std::end(kFloats));
  for (const DType dtype : types) {
    SCOPED_TRACE(dtype_info(dtype).name);
    Random random(9);  // NOLINT
    const auto w = random_weights(random, dtype, shape.n_rows, shape.n_cols);
    Product product(dtype, shape, w, testing::uniforms(random, shape.n_cols * shape.n_tokens, 2),
                    0);
    const int64_t n_out = shape.n_rows * shape.n_tokens;
    Guarded<float> whole(n_out), tiled(n_out);
    const MatmulArgs all = product.args(whole.data(), shape.n_rows);
    slot(dtype)(all);
    for (const int64_t tile_rows : {1, 3, 8}) {
      for (const int64_t tile_tokens : {1, 2, 7}) {
        std::fill_n(tiled.data(), n_out, 0.0f);
        for (int64_t r = 0; r < shape.n_rows; r += tile_rows) {
          for (int64_t t = 0; t < shape.n_tokens; t += tile_tokens) {
            MatmulArgs part = product.args(tiled.data() + t * shape.n_rows + r, shape.n_rows);
            part.w += r * part.w_row_bytes;
            part.n_rows = std::min(tile_rows, shape.n_rows - r);
            part.x += t * part.x_row_bytes;
            part.n_tokens = std::min(tile_tokens, shape.n_tokens - t);
            slot(dtype)(part);
          }
        }
        ASSERT_TRUE(whole.same_bits(tiled)) << tile_rows << " x " << tile_tokens;
      }
    }
  }
}

CRIA_FOR_EVERY_TABLE(Matmul);

}  // namespace
}  // namespace cria::kernels
