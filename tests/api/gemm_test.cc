#include "cria/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "cria/diagnose.h"
#include "tensor/blocks.h"
#include "tensor/half.h"

namespace cria {
namespace {

using Random = std::mt19937;

struct Sizes {
  int64_t m, n, k;
};

// Elements of a type, and their values.
struct Data {
  ElementType type = ElementType::f32;
  Order order = Order::row_major;
  int64_t n_rows = 0, n_cols = 0, stride = 0;
  std::vector<uint8_t> bytes;
  std::vector<double> values;  // [n_rows, n_cols]

  double at(int64_t r, int64_t c) const { return values[static_cast<size_t>(r * n_cols + c)]; }
  ConstMatrixView view() const { return {bytes.data(), type, n_rows, n_cols, order, stride}; }
};

int64_t bytes_of(ElementType type) {
  switch (type) {
    case ElementType::f32:
    case ElementType::s32:
      return 4;
    case ElementType::f16:
    case ElementType::bf16:
    case ElementType::s16:
      return 2;
    default:
      return 1;
  }
}

double put(Random& random, ElementType type, uint8_t* at) {
  const float x = static_cast<float>(random() % 20001) / 10000.0f - 1.0f;
  const auto byte = static_cast<uint8_t>(random());
  switch (type) {
    case ElementType::f32:
      std::memcpy(at, &x, 4);
      return x;
    case ElementType::f16: {
      const uint16_t bits = f32_to_f16(x);
      std::memcpy(at, &bits, 2);
      return f16_to_f32(bits);
    }
    case ElementType::bf16: {
      const uint16_t bits = f32_to_bf16(x);
      std::memcpy(at, &bits, 2);
      return bf16_to_f32(bits);
    }
    case ElementType::s8:
      *at = byte;
      return static_cast<int8_t>(byte);
    default:
      *at = byte;
      return byte;
  }
}

Data random_data(Random& random, ElementType type, int64_t n_rows, int64_t n_cols, Order order,
                 int64_t padding) {
  Data data{.type = type, .order = order, .n_rows = n_rows, .n_cols = n_cols};
  const bool rows = order == Order::row_major;
  data.stride = (rows ? n_cols : n_rows) + padding;
  const int64_t n_lines = rows ? n_rows : n_cols, bytes = bytes_of(type);
  data.bytes.resize(static_cast<size_t>(n_lines * data.stride * bytes));
  data.values.resize(static_cast<size_t>(n_rows * n_cols));
  for (int64_t r = 0; r < n_rows; ++r) {
    for (int64_t c = 0; c < n_cols; ++c) {
      const int64_t i = rows ? r * data.stride + c : c * data.stride + r;
      data.values[static_cast<size_t>(r * n_cols + c)] =
          put(random, type, data.bytes.data() + i * bytes);
    }
  }
  return data;
}

// Random blocks [n_cols][n_rows / block], dequantised.
Data random_blocks(Random& random, ElementType type, DType dtype, int64_t n_rows, int64_t n_cols) {
  Data data{.type = type, .order = Order::column_major, .n_rows = n_rows, .n_cols = n_cols};
  const auto column = static_cast<size_t>(*row_bytes(dtype, static_cast<uint64_t>(n_rows)));
  data.bytes.resize(column * static_cast<size_t>(n_cols));
  for (uint8_t& byte : data.bytes) byte = static_cast<uint8_t>(random() & 0x3f);  // small scales
  data.values.resize(static_cast<size_t>(n_rows * n_cols));
  std::vector<float> values(static_cast<size_t>(n_rows));
  for (int64_t c = 0; c < n_cols; ++c) {
    dequantize_row(
        dtype,
        reinterpret_cast<const std::byte*>(data.bytes.data()) + static_cast<size_t>(c) * column,
        n_rows, values.data());
    for (int64_t r = 0; r < n_rows; ++r)
      data.values[static_cast<size_t>(r * n_cols + c)] = values[static_cast<size_t>(r)];
  }
  return data;
}

double dot(const Data& a, const Data& b, int64_t m, int64_t n, double* magnitude) {
  double sum = 0;
  *magnitude = 0;
  for (int64_t k = 0; k < a.n_cols; ++k) {
    sum += a.at(m, k) * b.at(k, n);
    *magnitude += std::abs(a.at(m, k) * b.at(k, n));
  }
  return sum;
}

class Gemm : public ::testing::TestWithParam<std::string> {
 protected:
  PackedMatrix pack(const Data& b) {
    auto packed = PackedMatrix::pack(b.view(), {.isa = GetParam()});
    EXPECT_TRUE(packed.ok()) << packed.status().message();
    return std::move(*packed);
  }
};

constexpr Sizes kSizes[] = {{1, 1, 1},      {1, 40, 33},     {2, 17, 5},     {3, 33, 64},
                            {7, 5, 130},    {8, 100, 67},    {17, 16, 31},   {70, 37, 70},
                            {64, 48, 1200}, {19, 100, 2100}, {101, 20, 1600}};

TEST_P(Gemm, FloatsOfEveryTypeAndOrder) {
  uint32_t seed = 1;
  for (const auto& [a_type, b_type] : {std::pair{ElementType::f32, ElementType::f32},
                                       {ElementType::f32, ElementType::f16},
                                       {ElementType::f32, ElementType::bf16},
                                       {ElementType::f16, ElementType::f16},
                                       {ElementType::bf16, ElementType::bf16}}) {
    for (const Sizes& s : kSizes) {
      for (const Order a_order : {Order::row_major, Order::column_major}) {
        for (const Order b_order : {Order::row_major, Order::column_major}) {
          const bool plain = a_order == Order::row_major && b_order == Order::row_major;
          if (s.k > 1200 && !plain) continue;  // minutes where it is emulated
          Random random(seed++);
          const Data a = random_data(random, a_type, s.m, s.k, a_order, seed % 3);
          const Data b = random_data(random, b_type, s.k, s.n, b_order, seed % 2);
          std::vector<float> c(static_cast<size_t>(s.m * s.n), -1.0f);
          const PackedMatrix packed = pack(b);
          ASSERT_TRUE(multiply(a.view(), packed, {c.data(), ElementType::f32, s.m, s.n}).ok());
          for (int64_t i = 0; i < s.m * s.n; ++i) {
            double magnitude = 0;
            const double exact = dot(a, b, i / s.n, i % s.n, &magnitude);
            ASSERT_NEAR(c[static_cast<size_t>(i)], exact,
                        (1e-7 + 3e-8 * std::sqrt(s.k)) * magnitude)
                << element_type_name(a_type) << " x " << element_type_name(b_type) << " m " << s.m
                << " n " << s.n << " k " << s.k << " element " << i;
          }
        }
      }
    }
  }
}

TEST_P(Gemm, IntegersOfEveryOrderAreExact) {
  uint32_t seed = 1;
  for (const ElementType type : {ElementType::s8, ElementType::u8}) {
    for (const Sizes& s : kSizes) {
      for (const Order order : {Order::row_major, Order::column_major}) {
        Random random(seed++);
        const Data a = random_data(random, type, s.m, s.k, order, seed % 3);
        const Data b = random_data(random, type, s.k, s.n,
                                   seed % 2 == 0 ? Order::row_major : Order::column_major, 1);
        std::vector<int32_t> c(static_cast<size_t>(s.m * s.n), 7), start = c;
        const PackedMatrix packed = pack(b);
        GemmOptions options;
        options.accumulate = seed % 2 == 0;
        ASSERT_TRUE(
            multiply(a.view(), packed, {c.data(), ElementType::s32, s.m, s.n}, options).ok());
        for (int64_t i = 0; i < s.m * s.n; ++i) {
          double magnitude = 0;
          const double exact =
              dot(a, b, i / s.n, i % s.n, &magnitude) + (options.accumulate ? 7 : 0);
          ASSERT_EQ(c[static_cast<size_t>(i)], exact)
              << element_type_name(type) << " element " << i;
        }
      }
    }
  }
}

struct BlockType {
  ElementType type;
  DType dtype;
};
constexpr BlockType kBlockTypes[] = {
    {ElementType::q4_0, DType::q4_0}, {ElementType::q4_1, DType::q4_1},
    {ElementType::q5_0, DType::q5_0}, {ElementType::q5_1, DType::q5_1},
    {ElementType::q8_0, DType::q8_0}, {ElementType::q2_k, DType::q2_k},
    {ElementType::q3_k, DType::q3_k}, {ElementType::q4_k, DType::q4_k},
    {ElementType::q5_k, DType::q5_k}, {ElementType::q6_k, DType::q6_k}};

// A is quantised on the way: within a half step of its largest value per block.
TEST_P(Gemm, BlockTypes) {
  uint32_t seed = 1;
  for (const BlockType& type : kBlockTypes) {
    for (const int64_t m : {1, 3, 5, 66}) {
      Random random(seed++);
      const Order order = seed % 2 == 0 ? Order::row_major : Order::column_major;
      const Data a =
          random_data(random, m == 5 ? ElementType::f32 : ElementType::f32, m, 512, order, 0);
      const Data b = random_blocks(random, type.type, type.dtype, 512, 19);
      std::vector<float> c(static_cast<size_t>(m * 19));
      const PackedMatrix packed = pack(b);
      ASSERT_TRUE(multiply(a.view(), packed, {c.data(), ElementType::f32, m, 19}).ok());
      for (int64_t i = 0; i < m * 19; ++i) {
        double magnitude = 0, weights = 0;
        const double exact = dot(a, b, i / 19, i % 19, &magnitude);
        for (int64_t k = 0; k < 512; ++k) weights += std::abs(b.at(k, i % 19));
        ASSERT_NEAR(c[static_cast<size_t>(i)], exact, weights * 0.51 / 127 + 1e-5 * magnitude)
            << element_type_name(type.type);
      }
    }
  }
}

TEST_P(Gemm, TheSameBitsForAnyThreadsRowsAndWorkspace) {
  for (const ElementType type : {ElementType::f32, ElementType::f16, ElementType::q4_0}) {
    Random random(3);  // NOLINT: a fixed seed
    const int64_t m = 40, n = 300, k = 1024;
    const Data a = random_data(random, ElementType::f32, m, k, Order::row_major, 0);
    const Data b = type == ElementType::q4_0
                       ? random_blocks(random, type, DType::q4_0, k, n)
                       : random_data(random, type, k, n, Order::column_major, 0);
    const PackedMatrix packed = pack(b);
    std::vector<float> first(static_cast<size_t>(m * n));
    ASSERT_TRUE(multiply(a.view(), packed, {first.data(), ElementType::f32, m, n}).ok());
    for (const int n_threads : {1, 2, 3, 7}) {
      auto threads = GemmThreads::create(n_threads);
      ASSERT_TRUE(threads.ok());
      GemmOptions options;
      options.threads = &*threads;
      std::vector<float> c(first.size());
      const MatrixView view{c.data(), ElementType::f32, m, n};
      const auto bytes = gemm_workspace_bytes(a.view(), packed, view, options);
      ASSERT_TRUE(bytes.ok());
      std::vector<std::byte> workspace(static_cast<size_t>(*bytes) + 1);
      options.workspace = workspace.data() + 1;
      options.workspace_bytes = *bytes;
      ASSERT_TRUE(multiply(a.view(), packed, view, options).ok());
      ASSERT_EQ(first, c) << n_threads << " threads";
    }
    for (int64_t row = 0; row < m; ++row) {
      std::vector<float> c(static_cast<size_t>(n));
      ConstMatrixView one = a.view();
      one.data = a.bytes.data() + row * k * 4;
      one.n_rows = 1;
      ASSERT_TRUE(multiply(one, packed, {c.data(), ElementType::f32, 1, n}).ok());
      ASSERT_TRUE(std::equal(c.begin(), c.end(), first.begin() + row * n)) << "row " << row;
    }
  }
}

TEST_P(Gemm, EpilogueOfFloats) {
  Random random(4);  // NOLINT
  const Sizes s{5, 21, 40};
  const Data a = random_data(random, ElementType::f32, s.m, s.k, Order::row_major, 0);
  const Data b = random_data(random, ElementType::f32, s.k, s.n, Order::row_major, 0);
  const PackedMatrix packed = pack(b);
  std::vector<float> bias(static_cast<size_t>(s.n));
  for (float& value : bias) value = static_cast<float>(random() % 100) / 50 - 1;
  const auto activated = [](Activation activation, double x) {
    switch (activation) {
      case Activation::relu:
        return std::max(x, 0.0);
      case Activation::relu6:
        return std::min(std::max(x, 0.0), 6.0);
      case Activation::gelu_tanh:
        return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      case Activation::silu:
        return x / (1 + std::exp(-x));
      default:
        return x;
    }
  };
  for (const Activation activation : {Activation::none, Activation::relu, Activation::relu6,
                                      Activation::gelu_tanh, Activation::silu}) {
    for (const float beta : {0.0f, 1.0f, 0.5f}) {
      std::vector<float> c(static_cast<size_t>(s.m * s.n), 3.0f);
      GemmOptions options;
      options.alpha = 1.5f;
      options.beta = beta;
      options.bias = bias.data();
      options.activation = activation;
      ASSERT_TRUE(multiply(a.view(), packed, {c.data(), ElementType::f32, s.m, s.n}, options).ok());
      for (int64_t i = 0; i < s.m * s.n; ++i) {
        double magnitude = 0;
        const double sum = dot(a, b, i / s.n, i % s.n, &magnitude);
        const double exact =
            activated(activation, 1.5 * sum + bias[static_cast<size_t>(i % s.n)] + beta * 3);
        ASSERT_NEAR(c[static_cast<size_t>(i)], exact, 2e-5);
      }
    }
  }
}

// C is not read where beta is 0: what stands there may be anything.
TEST_P(Gemm, BetaZeroOverwritesNan) {
  const float a = 2, b = 3;
  auto packed = PackedMatrix::pack({&b, ElementType::f32, 1, 1}, {.isa = GetParam()});
  float c = std::nanf("");
  ASSERT_TRUE(multiply({&a, ElementType::f32, 1, 1}, *packed, {&c, ElementType::f32, 1, 1}).ok());
  EXPECT_EQ(c, 6);
}

TEST_P(Gemm, QuantisedAndRequantisedOutput) {
  Random random(5);  // NOLINT
  const Sizes s{4, 19, 24};
  const Data a = random_data(random, ElementType::s8, s.m, s.k, Order::row_major, 0);
  const Data b = random_data(random, ElementType::s8, s.k, s.n, Order::row_major, 0);
  const PackedMatrix packed = pack(b);
  std::vector<float> scales(static_cast<size_t>(s.n));
  std::vector<int32_t> bias(static_cast<size_t>(s.n));
  for (size_t i = 0; i < scales.size(); ++i) {
    scales[i] = 0.0005f + static_cast<float>(i) * 0.0001f;
    bias[i] = static_cast<int32_t>(random() % 2001) - 1000;
  }
  GemmOptions options;
  options.scales = scales.data();
  options.bias_s32 = bias.data();
  options.zero_point = 5;
  std::vector<int8_t> c(static_cast<size_t>(s.m * s.n));
  ASSERT_TRUE(multiply(a.view(), packed, {c.data(), ElementType::s8, s.m, s.n}, options).ok());
  for (int64_t i = 0; i < s.m * s.n; ++i) {
    double magnitude = 0;
    const double sum = dot(a, b, i / s.n, i % s.n, &magnitude) + bias[static_cast<size_t>(i % s.n)];
    const double exact =
        std::nearbyint(static_cast<float>(sum) * scales[static_cast<size_t>(i % s.n)]) + 5;
    ASSERT_EQ(c[static_cast<size_t>(i)], std::clamp(exact, -128.0, 127.0));
  }
}

TEST_P(Gemm, EmptySizes) {
  float a[4] = {1, 2, 3, 4}, c[4] = {9, 9, 9, 9};
  auto packed = PackedMatrix::pack({nullptr, ElementType::f32, 0, 2}, {.isa = GetParam()});
  ASSERT_TRUE(packed.ok()) << packed.status().message();
  ASSERT_TRUE(multiply({a, ElementType::f32, 2, 0}, *packed, {c, ElementType::f32, 2, 2}).ok());
  for (const float value : c) EXPECT_EQ(value, 0);
  auto narrow = PackedMatrix::pack({nullptr, ElementType::f32, 2, 0}, {.isa = GetParam()});
  ASSERT_TRUE(narrow.ok());
  EXPECT_TRUE(multiply({a, ElementType::f32, 2, 2}, *narrow, {c, ElementType::f32, 2, 0}).ok());
  EXPECT_TRUE(multiply({a, ElementType::f32, 0, 2}, *narrow, {c, ElementType::f32, 0, 0}).ok());
}

// The one-shot product packs on the way and gives the same bits.
TEST(GemmOnce, EqualsThePackedProduct) {
  Random random(6);  // NOLINT
  const Sizes s{9, 75, 300};
  const Data a = random_data(random, ElementType::f32, s.m, s.k, Order::row_major, 0);
  const Data b = random_data(random, ElementType::f32, s.k, s.n, Order::row_major, 2);
  auto packed = PackedMatrix::pack(b.view());
  ASSERT_TRUE(packed.ok());
  std::vector<float> c(static_cast<size_t>(s.m * s.n)), once = c;
  ASSERT_TRUE(multiply(a.view(), *packed, {c.data(), ElementType::f32, s.m, s.n}).ok());
  auto threads = GemmThreads::create(2);
  GemmOptions options;
  options.threads = &*threads;
  ASSERT_TRUE(
      multiply(a.view(), b.view(), {once.data(), ElementType::f32, s.m, s.n}, options).ok());
  EXPECT_EQ(c, once);
}

TEST(GemmErrors, AreSaidAndCIsUntouched) {
  std::vector<float> a(64), b(64), c(64, 5);
  auto packed = PackedMatrix::pack({b.data(), ElementType::f32, 8, 8});
  ASSERT_TRUE(packed.ok());
  const ConstMatrixView a_view{a.data(), ElementType::f32, 8, 8};
  const MatrixView c_view{c.data(), ElementType::f32, 8, 8};
  const auto expect = [&](const Status& status, StatusCode code, const char* word) {
    EXPECT_EQ(status.code(), code) << status.message();
    EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
    for (const float value : c) EXPECT_EQ(value, 5);
  };
  expect(multiply({a.data(), ElementType::f32, 8, 7}, *packed, c_view),
         StatusCode::invalid_argument, "sizes do not match");
  expect(multiply({nullptr, ElementType::f32, 8, 8}, *packed, c_view), StatusCode::invalid_argument,
         "null");
  expect(multiply({a.data(), ElementType::s8, 8, 8}, *packed, c_view), StatusCode::unsupported,
         "go together");
  expect(multiply({a.data(), ElementType::f32, -1, 8}, *packed, c_view),
         StatusCode::invalid_argument, "sides");
  expect(multiply({a.data(), ElementType::f32, 8, 8, Order::row_major, 3}, *packed, c_view),
         StatusCode::invalid_argument, "stride");
  expect(
      multiply({c.data() + 8, ElementType::f32, 7, 8}, *packed, {c.data(), ElementType::f32, 7, 8}),
      StatusCode::invalid_argument, "overlaps");
  expect(multiply({reinterpret_cast<const char*>(a.data()) + 1, ElementType::f32, 7, 8}, *packed,
                  {c.data(), ElementType::f32, 7, 8}),
         StatusCode::invalid_argument, "aligned");
  GemmOptions options;
  options.alpha = std::nanf("");
  expect(multiply(a_view, *packed, c_view, options), StatusCode::invalid_argument, "alpha");
  options = {};
  options.bias = c.data();
  expect(multiply(a_view, *packed, c_view, options), StatusCode::invalid_argument, "bias");
  const auto type_error = PackedMatrix::pack({b.data(), ElementType::s32, 8, 8});
  EXPECT_EQ(type_error.status().code(), StatusCode::unsupported);
  const auto block_error =
      PackedMatrix::pack({b.data(), ElementType::q4_0, 33, 1, Order::column_major});
  EXPECT_EQ(block_error.status().code(), StatusCode::invalid_argument);
  const auto huge =
      PackedMatrix::pack({b.data(), ElementType::f32, int64_t{1} << 40, int64_t{1} << 40});
  EXPECT_EQ(huge.status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(PackedMatrix::pack({b.data(), ElementType::f32, 8, 8}, {.isa = "z80"}).status().code(),
            StatusCode::invalid_argument);
}

TEST(GemmQuantize, SymmetricAndAsymmetric) {
  const std::vector<float> x = {-1, -0.5f, 0, 0.25f, 2, std::nanf("")};
  const auto n = static_cast<int64_t>(x.size());
  const Quantization symmetric = quantization_for(x.data(), n, ElementType::s8, true);
  EXPECT_EQ(symmetric.zero_point, 0);
  EXPECT_FLOAT_EQ(symmetric.scale, 2.0f / 127);
  std::vector<int8_t> s8(x.size());
  ASSERT_TRUE(quantize(x.data(), n, ElementType::s8, symmetric, s8.data()).ok());
  EXPECT_EQ(s8, (std::vector<int8_t>{-64, -32, 0, 16, 127, 0}));
  const Quantization asymmetric = quantization_for(x.data(), n, ElementType::u8, false);
  std::vector<uint8_t> u8(x.size());
  ASSERT_TRUE(quantize(x.data(), n, ElementType::u8, asymmetric, u8.data()).ok());
  EXPECT_EQ(u8[0], 0);
  EXPECT_EQ(u8[4], 255);
  EXPECT_EQ(u8[2], asymmetric.zero_point);
  std::vector<int16_t> s16(x.size());
  ASSERT_TRUE(quantize(x.data(), n, ElementType::s16, {.scale = 1.0f / 20000}, s16.data()).ok());
  EXPECT_EQ(s16, (std::vector<int16_t>{-20000, -10000, 0, 5000, 32767, 0}));
  EXPECT_EQ(quantize(x.data(), n, ElementType::s8, {.scale = 0}, s8.data()).code(),
            StatusCode::invalid_argument);
  EXPECT_EQ(quantize(x.data(), n, ElementType::f32, {}, s8.data()).code(), StatusCode::unsupported);
}

TEST(GemmQuantize, Requantize) {
  const std::vector<int32_t> s32 = {-1000000, -250, -25, 25, 35, 1000000};
  std::vector<uint8_t> u8(6);
  ASSERT_TRUE(
      requantize(s32.data(), ElementType::s32, 6, 0.1f, 128, ElementType::u8, u8.data()).ok());
  EXPECT_EQ(u8, (std::vector<uint8_t>{0, 103, 126, 130, 132, 255}));  // ties to even
  const std::vector<int16_t> s16 = {-32768, -3, 3, 32767};
  std::vector<int8_t> s8(4);
  ASSERT_TRUE(
      requantize(s16.data(), ElementType::s16, 4, 0.5f, 0, ElementType::s8, s8.data()).ok());
  EXPECT_EQ(s8, (std::vector<int8_t>{-128, -2, 2, 127}));
  EXPECT_EQ(requantize(s16.data(), ElementType::s16, 4, 1, 0, ElementType::u8, s8.data()).code(),
            StatusCode::unsupported);
}

TEST(GemmQuantize, Dequantize) {
  const float f[] = {1.5f, -2};
  float out[2] = {};
  ASSERT_TRUE(dequantize(ElementType::f32, f, 2, out).ok());
  EXPECT_EQ(out[1], -2);
  EXPECT_EQ(dequantize(ElementType::q4_0, f, 33, out).code(), StatusCode::invalid_argument);
  EXPECT_EQ(dequantize(ElementType::s8, f, 2, out).code(), StatusCode::unsupported);
}

TEST(GemmExplain, SaysWhatIsChosenAndWhy) {
  const auto text = explain_gemm(4, 2048, 2048, ElementType::q4_0, 2);
  ASSERT_TRUE(text.ok());
  for (const char* word : {"kernel", "tile", "threads", "panels"})
    EXPECT_NE(text->find(word), std::string::npos) << *text;
  EXPECT_FALSE(explain_gemm(4, 2048, 100, ElementType::q4_0).ok());
  EXPECT_FALSE(explain_gemm(0, 1, 1, ElementType::f32).ok());
}

INSTANTIATE_TEST_SUITE_P(Tables, Gemm, ::testing::ValuesIn(kernel_tables()),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace cria
