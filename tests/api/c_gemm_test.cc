#include "cria/c_gemm.h"

#include <gtest/gtest.h>

#include <vector>

namespace {

TEST(CGemm, MultipliesPackedAndUnpacked) {
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};  // 2 x 3
  const std::vector<float> b = {1, 0, 2, 0, 1, 1};  // 3 x 2
  const std::vector<float> bias = {0, 2};
  const cria_const_matrix a_view = {a.data(), CRIA_F32, 2, 3, 0, 0};
  const cria_const_matrix b_view = {b.data(), CRIA_F32, 3, 2, 0, 0};
  cria_threads* threads = nullptr;
  cria_packed_matrix* packed = nullptr;
  cria_error* error = nullptr;
  ASSERT_EQ(cria_threads_new(2, &threads, &error), CRIA_OK);
  ASSERT_EQ(cria_pack_matrix(&b_view, nullptr, threads, &packed, &error), CRIA_OK)
      << cria_error_message(error);
  EXPECT_GE(cria_packed_matrix_bytes(packed), 24);
  std::vector<float> c(4), once(4);
  const cria_matrix c_view = {c.data(), CRIA_F32, 2, 2, 0};
  const cria_matrix once_view = {once.data(), CRIA_F32, 2, 2, 0};
  cria_gemm_options options = cria_gemm_defaults();
  options.bias = bias.data();
  options.threads = threads;
  int64_t n_bytes = -1;
  ASSERT_EQ(cria_gemm_workspace_bytes(&a_view, packed, &c_view, &options, &n_bytes, &error),
            CRIA_OK);
  EXPECT_GE(n_bytes, 0);
  ASSERT_EQ(cria_multiply(&a_view, packed, &c_view, &options, &error), CRIA_OK);
  EXPECT_EQ(c, (std::vector<float>{8, 3 + 2, 20, 6 + 2}));
  ASSERT_EQ(cria_multiply_unpacked(&a_view, &b_view, &once_view, &options, &error), CRIA_OK);
  EXPECT_EQ(once, c);
  cria_packed_matrix_free(packed);
  cria_threads_free(threads);
}

TEST(CGemm, ErrorsHaveMessages) {
  cria_packed_matrix* packed = nullptr;
  cria_error* error = nullptr;
  const cria_const_matrix b = {nullptr, CRIA_F32, 3, 2, 0, 0};
  EXPECT_EQ(cria_pack_matrix(&b, nullptr, nullptr, &packed, &error), CRIA_INVALID_ARGUMENT);
  EXPECT_NE(std::string(cria_error_message(error)).find("null"), std::string::npos);
  EXPECT_EQ(packed, nullptr);
  cria_error_free(error);
  EXPECT_EQ(cria_multiply(nullptr, nullptr, nullptr, nullptr, nullptr), CRIA_INVALID_ARGUMENT);
}

TEST(CGemm, Quantises) {
  const float x[] = {-1, 0, 1};
  float scale = 0;
  int32_t zero_point = -1;
  cria_quantization_for(x, 3, CRIA_S8, 1, &scale, &zero_point);
  EXPECT_EQ(zero_point, 0);
  int8_t q[3] = {};
  ASSERT_EQ(cria_quantize(x, 3, CRIA_S8, scale, zero_point, q, nullptr), CRIA_OK);
  EXPECT_EQ(q[0], -127);
  EXPECT_EQ(q[2], 127);
  const int32_t sums[] = {10, -10};
  ASSERT_EQ(cria_requantize(sums, CRIA_S32, 2, 0.5f, 0, CRIA_S8, q, nullptr), CRIA_OK);
  EXPECT_EQ(q[0], 5);
}

}  // namespace
