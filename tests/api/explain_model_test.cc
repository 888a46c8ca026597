// What a model costs a token, counted here from its shapes.
#include <gtest/gtest.h>

#include "cria/diagnose.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria {
namespace {

Result<Model> open_tiny(const testing::TinyModel& tiny, const ModelOptions& options = {}) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model(tiny, path);
  return Model::open(path, options);
}

TEST(ExplainModel, CountsEveryMatrixOnce) {
  testing::TinyModel tiny;  // d 64, d_ff 96, 4 and 2 heads of 16, 2 layers, f32
  tiny.tied = false;
  const auto model = open_tiny(tiny);
  ASSERT_TRUE(model.ok()) << model.status().message();
  const auto how = explain_model(*model, {.n_threads = 2});
  ASSERT_TRUE(how.ok()) << how.status().message();
  EXPECT_EQ(how->n_threads, 2);
  int count = 0;
  int64_t n_params = 0;
  for (const MatrixReport& matrix : how->matrices) {
    count += matrix.count;
    n_params += matrix.n * matrix.k * matrix.count;
    EXPECT_EQ(matrix.type, "f32");
    EXPECT_FALSE(matrix.in_int8);
    EXPECT_FALSE(matrix.table.empty());
    EXPECT_FALSE(matrix.layout.empty());
    EXPECT_FALSE(matrix.why.empty());
    EXPECT_GE(matrix.size_bytes, matrix.n * matrix.k * matrix.count * 4) << matrix.what;
  }
  EXPECT_EQ(how->matrices[0].what, "output");
  EXPECT_EQ(count, 1 + 7 * 2);
  const int64_t vectors = 64 * (2 * 2 + 1);
  EXPECT_EQ(n_params + vectors + 64 * testing::tiny_n_vocab(), model->info().n_params);
  EXPECT_GE(how->weight_bytes, (n_params + vectors + 64) * 4);
  EXPECT_LT(how->weight_bytes, (n_params + vectors + 64) * 4 * 5 / 4);  // panels are padded
  EXPECT_EQ(how->kv_bytes, 2 * 2 * 2 * 16 * 2);  // k and v, layers, KV heads, f16
  EXPECT_EQ(explain_model(*model, {.k_type = KvType::f32, .v_type = KvType::f32})->kv_bytes,
            2 * how->kv_bytes);
}

TEST(ExplainModel, QuantisedMatricesAreMultipliedInInt8ByTheTableThatIsNamed) {
  testing::TinyModel tiny;
  tiny.type = "q8_0";
  const auto model = open_tiny(tiny, {.isa = "scalar"});
  ASSERT_TRUE(model.ok()) << model.status().message();
  const auto how = explain_model(*model);
  ASSERT_TRUE(how.ok());
  EXPECT_GE(how->n_threads, 1);
  for (const MatrixReport& matrix : how->matrices) {
    EXPECT_EQ(matrix.table, "scalar");
    EXPECT_EQ(matrix.in_int8, matrix.type == "q8_0");
  }
}

TEST(ExplainModel, ThreadsOutOfRange) {
  const auto model = open_tiny({});
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(explain_model(*model, {.n_threads = -1}).status().code(), StatusCode::invalid_argument);
}

}  // namespace
}  // namespace cria
