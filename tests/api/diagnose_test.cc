#include "cria/diagnose.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria {
namespace {

TEST(Inspect, ReportsARunnableModel) {
  testing::TinyModel tiny;
  tiny.chat_template = "{{ strange }}";
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model(tiny, path);
  const auto report = inspect(path);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_TRUE(report->run_status.ok()) << report->run_status.message();
  EXPECT_EQ(report->architecture, "llama");
  EXPECT_EQ(report->format, "GGUF v3");
  EXPECT_EQ(report->size_bytes, static_cast<int64_t>(testing::read_file(path).size()));
  const auto layers = std::find_if(report->hyperparameters.begin(), report->hyperparameters.end(),
                                   [](const auto& row) { return row.first == "n_layers"; });
  ASSERT_NE(layers, report->hyperparameters.end());
  EXPECT_EQ(layers->second, "2");
  const auto tokens =
      std::find_if(report->metadata.begin(), report->metadata.end(),
                   [](const auto& row) { return row.key == "tokenizer.ggml.tokens"; });
  ASSERT_NE(tokens, report->metadata.end());
  EXPECT_EQ(tokens->type, "array of string");
  EXPECT_EQ(tokens->count, testing::tiny_n_vocab());
  EXPECT_EQ(tokens->value.substr(0, 16), "[\"<unk>\", \"<s>\",");
  ASSERT_FALSE(report->tensors.empty());
  EXPECT_EQ(report->tensors[0].name, "token_embd.weight");
  EXPECT_EQ(report->tensors[0].shape, (std::vector<int64_t>{64, testing::tiny_n_vocab()}));
  EXPECT_EQ(report->tensors[0].type, "f32");
}

TEST(Inspect, ForeignArchitecturesAndVocabulariesAreReportedWithTheReason) {
  CRIA_SHARED_FILE(path, "vocabs/ggml-vocab-falcon.gguf");
  const auto report = inspect(path);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->run_status.code(), StatusCode::unsupported);
  EXPECT_NE(report->run_status.message().find("'falcon'"), std::string::npos);
  EXPECT_NE(report->vocabulary.find("65024"), std::string::npos) << report->vocabulary;
}

TEST(Inspect, AnUnreadableContainerIsAnError) {
  const std::string path = testing::temporary_dir() + "/broken.gguf";
  testing::write_file(path, "GGUF\3");
  const auto report = inspect(path);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.status().message().find("at byte"), std::string::npos)
      << report.status().message();
}

TEST(AllPositionLogits, LastRowIsWhatASessionComputes) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model({}, path);
  const auto model = Model::open(path);
  ASSERT_TRUE(model.ok());
  const std::vector<TokenId> tokens = {1, 290, 300, 270};
  const auto all = all_position_logits(*model, tokens, {.n_chunk = 3});
  ASSERT_TRUE(all.ok()) << all.status().message();
  auto session = model->new_session();
  ASSERT_TRUE(session->append(tokens).ok());
  const auto n_vocab = static_cast<size_t>(model->info().n_vocab);
  ASSERT_EQ(all->size(), 4 * n_vocab);
  EXPECT_TRUE(std::equal(session->logits().begin(), session->logits().end(),
                         all->end() - static_cast<ptrdiff_t>(n_vocab)));
  EXPECT_EQ(all_position_logits(*model, tokens, {.n_ctx = 3}).status().code(),
            StatusCode::context_full);
}

TEST(KernelTables, BeginWithScalar) {
  ASSERT_FALSE(kernel_tables().empty());
  EXPECT_EQ(kernel_tables().front(), "scalar");
}

}  // namespace
}  // namespace cria
