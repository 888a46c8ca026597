#include <gtest/gtest.h>

#include <cmath>

#include "kernels/tables.h"

namespace cria::kernels {
namespace {

using testing::Guarded;
using testing::Random;

class MatmulGrouped : public testing::EveryTable {};

struct Case {
  int64_t n_cols, group_size, first_row;
};

TEST_P(MatmulGrouped, GroupsOfTheWholeTensorMeetGroupsOfARow) {
  constexpr int64_t kRows = 5, kTokens = 3;
  Random random(11);  // NOLINT: a fixed seed
  for (const Case& at :
       {Case{1, 1, 0}, Case{7, 3, 0}, Case{7, 3, 4}, Case{32, 8, 2}, Case{33, 32, 1},
        Case{100, 64, 7}, Case{172, 8, 3}, Case{100, 1000, 6}, Case{300, 100, 0}}) {
    SCOPED_TRACE(::testing::Message() << at.n_cols << " by " << at.group_size);
    const int64_t n_total = (at.first_row + kRows) * at.n_cols;
    Guarded<int8_t> w(kRows * at.n_cols);
    for (int64_t i = 0; i < kRows * at.n_cols; ++i) w[i] = static_cast<int8_t>(random());
    const auto scales = testing::uniforms(random, (n_total + at.group_size - 1) / at.group_size, 1);
    Guarded<std::byte> unaligned(static_cast<int64_t>(scales.size()) * 4 + 1);
    std::memcpy(unaligned.bytes() + 1, scales.data(), scales.size() * 4);
    const int64_t x_row_bytes = grouped_row_bytes(at.n_cols, at.group_size);
    Guarded<std::byte> x(kTokens * x_row_bytes);
    const auto values = testing::uniforms(random, kTokens * at.n_cols, 3);
    for (int64_t t = 0; t < kTokens; ++t) {
      table_.quantize_grouped(values.data() + t * at.n_cols, at.n_cols, at.group_size,
                              x.bytes() + t * x_row_bytes);
    }
    Guarded<float> out(kTokens * kRows);
    table_.matmul_grouped({.w = reinterpret_cast<std::byte*>(w.data()),
                           .w_row_bytes = at.n_cols,
                           .n_rows = kRows,
                           .n_cols = at.n_cols,
                           .x = x.bytes(),
                           .x_row_bytes = x_row_bytes,
                           .n_tokens = kTokens,
                           .out = out.data(),
                           .out_stride = kRows,
                           .scales = unaligned.bytes() + 1,
                           .group_size = at.group_size,
                           .first_row = at.first_row});
    const int64_t n_x_groups = (at.n_cols + at.group_size - 1) / at.group_size;
    for (int64_t i = 0; i < kTokens * kRows; ++i) {
      const std::byte* token = x.bytes() + i / kRows * x_row_bytes;
      const int64_t row = i % kRows;
      double sum = 0, magnitude = 0;
      for (int64_t c = 0; c < at.n_cols; ++c) {
        const int64_t flat = (at.first_row + row) * at.n_cols + c;
        float x_scale;
        std::memcpy(&x_scale, token + 4 * (c / at.group_size), 4);
        const double x_c =
            static_cast<double>(x_scale) * static_cast<int8_t>(token[4 * n_x_groups + c]);
        const double w_c = static_cast<double>(scales[static_cast<size_t>(flat / at.group_size)]) *
                           w[row * at.n_cols + c];
        sum += w_c * x_c;
        magnitude += std::abs(w_c * x_c);
      }
      ASSERT_NEAR(out[i], sum, 1e-5 * magnitude);
    }
  }
}

TEST_P(MatmulGrouped, AGroupOfAnyLengthDoesNotOverflow) {
  constexpr int64_t kCols = 200000;  // 200000 * 128 * 127 is more than an int32 holds
  const std::vector<int8_t> w(kCols, -128);
  const std::vector<float> values(kCols, -1.0f);
  std::vector<std::byte> x(static_cast<size_t>(grouped_row_bytes(kCols, kCols)));
  table_.quantize_grouped(values.data(), kCols, kCols, x.data());
  const float scale = 1;
  float out = 0;
  table_.matmul_grouped({.w = reinterpret_cast<const std::byte*>(w.data()),
                         .w_row_bytes = kCols,
                         .n_rows = 1,
                         .n_cols = kCols,
                         .x = x.data(),
                         .x_row_bytes = static_cast<int64_t>(x.size()),
                         .n_tokens = 1,
                         .out = &out,
                         .out_stride = 1,
                         .scales = reinterpret_cast<const std::byte*>(&scale),
                         .group_size = kCols,
                         .first_row = 0});
  EXPECT_NEAR(out, 128.0 * kCols, 1e-5 * 128 * kCols);
}

CRIA_FOR_EVERY_TABLE(MatmulGrouped);

}  // namespace
}  // namespace cria::kernels
