#include "ops/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "kernels/dispatch.h"
#include "support/shared_data.h"

namespace cria::ops {
namespace {

class ElementwiseTest : public ::testing::Test {
 protected:
  ElementwiseTest() : table_(*kernels::choose_table("")), pool_(*ThreadPool::create(3)) {}
  Compute compute() { return {table_, *pool_}; }
  kernels::Table table_;
  std::unique_ptr<ThreadPool> pool_;
};

std::vector<float> ramp(size_t n, float step) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i % 91) * step - 1;
  return values;
}

TEST_F(ElementwiseTest, AddCoversEveryElement) {
  for (const size_t n : {0u, 1u, 8191u, 8193u, 50000u}) {
    auto x = ramp(n, 0.5f);
    const auto y = ramp(n, 0.25f), before = x;
    add(compute(), x.data(), y.data(), static_cast<int64_t>(n));
    for (size_t i = 0; i < n; ++i) ASSERT_EQ(x[i], before[i] + y[i]) << i;
  }
}

TEST_F(ElementwiseTest, SwigluMatchesTheDefinitionInPlace) {
  for (const size_t n : {1u, 8195u, 30001u}) {
    auto gate = ramp(n, 0.1f);
    const auto before = gate, up = ramp(n, 0.3f);
    swiglu(compute(), gate.data(), up.data(), static_cast<int64_t>(n), gate.data());
    for (size_t i = 0; i < n; ++i) {
      const double expected = before[i] / (1 + std::exp(-static_cast<double>(before[i]))) * up[i];
      ASSERT_NEAR(gate[i], expected, 1e-5 * (1 + std::abs(expected))) << i;
    }
  }
}

TEST_F(ElementwiseTest, RmsNormMatchesTheDefinition) {
  constexpr size_t kRows = 300, kCols = 77;
  const auto x = ramp(kRows * kCols, 0.7f), weight = ramp(kCols, 0.02f);
  std::vector<float> out(x.size());
  rms_norm(compute(), x.data(), kRows, kCols, weight.data(), 1e-5f, out.data());
  for (size_t r = 0; r < kRows; ++r) {
    double sum = 0;
    for (size_t c = 0; c < kCols; ++c)
      sum += static_cast<double>(x[r * kCols + c]) * x[r * kCols + c];
    const double scale = 1 / std::sqrt(sum / kCols + 1e-5);
    for (size_t c = 0; c < kCols; ++c) {
      ASSERT_NEAR(out[r * kCols + c], x[r * kCols + c] * scale * weight[c], 1e-4);
    }
  }
}

TEST_F(ElementwiseTest, EmbedReadsRowsOfAnyType) {
  const std::vector<float> values = ramp(40 * 6, 0.1f);
  const TensorView table{.dtype = DType::f32,
                         .n_dims = 2,
                         .dims = {6, 40, 1, 1},
                         .data = reinterpret_cast<const std::byte*>(values.data()),
                         .size_bytes = values.size() * 4};
  const std::vector<int32_t> tokens = {39, 0, 7};
  std::vector<float> out(18);
  embed(compute(), table, tokens, out.data());
  for (size_t t = 0; t < 3; ++t) {
    EXPECT_EQ(std::memcmp(&out[t * 6], &values[static_cast<size_t>(tokens[t]) * 6], 24), 0);
  }
}

TEST_F(ElementwiseTest, EmbedReadsRowsOutOfTheFile) {
  constexpr int64_t kCols = 3000, kRows = 20;  // more than one piece a row
  constexpr uint64_t kOffset = 12;
  const std::vector<float> values = ramp(kCols * kRows, 0.5f);
  std::string bytes(kOffset, 'x');
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * 4);
  const std::string path = testing::temporary_dir() + "/table";
  testing::write_file(path, bytes);
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EmbeddingTable table;
  table.n_dims = 2;
  table.dims = {kCols, kRows, 1, 1};
  table.data = (*file)->bytes().data() + kOffset;
  table.size_bytes = values.size() * 4;
  const std::vector<int32_t> tokens = {19, 0, 7, 7};
  std::vector<float> mapped(tokens.size() * kCols), read(mapped.size());
  embed(compute(), table, tokens, mapped.data());
  table.file = *file;
  table.file_offset = kOffset;
  embed(compute(), table, tokens, read.data());
  EXPECT_EQ(mapped, read);
  EXPECT_EQ(std::memcmp(read.data(), &values[19 * kCols], kCols * 4), 0);
}

TEST_F(ElementwiseTest, EmbedReadsGroupsThatCrossRows) {
  std::vector<int8_t> values(30);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int8_t>(i * 5 - 70);
  std::vector<float> scales = {0.5f, 1, 2, 4, 8, 16, 32, 64};
  const TensorView table{.dtype = DType::grouped_i8,
                         .n_dims = 2,
                         .dims = {6, 5, 1, 1},
                         .data = reinterpret_cast<const std::byte*>(values.data()),
                         .size_bytes = 30,
                         .scales = reinterpret_cast<const std::byte*>(scales.data()),
                         .group_size = 4};
  const std::vector<int32_t> tokens = {3};
  std::vector<float> out(6);
  embed(compute(), table, tokens, out.data());
  for (size_t c = 0; c < 6; ++c) EXPECT_EQ(out[c], values[18 + c] * scales[(18 + c) / 4]);
}

}  // namespace
}  // namespace cria::ops
