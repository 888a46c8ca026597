#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cria/c.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace {

struct Fixture {
  cria_model* model = nullptr;
  cria_session* session = nullptr;
  Fixture() {
    const std::string path = cria::testing::temporary_dir() + "/model.gguf";
    cria::testing::write_tiny_model({}, path);
    cria_error* error = nullptr;
    EXPECT_EQ(cria_model_open(path.c_str(), nullptr, &model, &error), CRIA_OK)
        << cria_error_message(error);
    EXPECT_EQ(cria_session_new(model, 64, 2, &session, &error), CRIA_OK);
  }
  ~Fixture() {
    cria_session_free(session);
    cria_model_free(model);
  }
};

int append_piece(const char* piece, size_t n_bytes, void* user) {
  static_cast<std::string*>(user)->append(piece, n_bytes);
  return 0;
}

TEST(CApi, GeneratesTheSameTwice) {
  const Fixture a, b;
  cria_generate_params params = cria_generate_defaults();
  params.max_tokens = 10;
  params.temperature = 0;
  std::string text_a, text_b;
  int32_t n = 0;
  ASSERT_EQ(cria_generate(a.session, "cat", 3, &params, append_piece, &text_a, &n, nullptr),
            CRIA_OK);
  EXPECT_LE(n, 10);
  ASSERT_EQ(cria_generate(b.session, "cat", 3, &params, append_piece, &text_b, nullptr, nullptr),
            CRIA_OK);
  EXPECT_EQ(text_a, text_b);
}

TEST(CApi, PlansAndKeepsABudget) {
  const std::string path = cria::testing::temporary_dir() + "/model.gguf";
  cria::testing::write_tiny_model({}, path);
  cria_memory_plan plan;
  ASSERT_EQ(cria_plan_memory(path.c_str(), nullptr, 2000000, 2, 0, &plan, nullptr), CRIA_OK);
  EXPECT_EQ(plan.n_ctx, 2000000);
  EXPECT_EQ(plan.n_conversations, 2);
  EXPECT_EQ(plan.fits, 1);
  EXPECT_EQ(plan.total_bytes, plan.weights_bytes + plan.vocabulary_bytes + plan.kv_bytes +
                                  plan.workspace_bytes + plan.text_bytes + plan.threads_bytes +
                                  plan.program_bytes);
  cria_model* model = nullptr;
  cria_error* error = nullptr;
  const int64_t half = plan.total_bytes / 2;
  EXPECT_EQ(cria_model_open_within(path.c_str(), nullptr, 2000000, 2, half, &model, &error),
            CRIA_OUT_OF_MEMORY);
  EXPECT_EQ(model, nullptr);
  EXPECT_NE(std::string(cria_error_message(error)).find("needs "), std::string::npos);
  cria_error_free(error);
  ASSERT_EQ(cria_model_open_within(path.c_str(), nullptr, 0, 1, half, &model, nullptr), CRIA_OK);
  cria_session* session = nullptr;
  EXPECT_EQ(cria_session_new(model, 8000000, 1, &session, nullptr), CRIA_OUT_OF_MEMORY);
  EXPECT_EQ(cria_session_new(model, 0, 1, &session, nullptr), CRIA_OK);
  cria_session_free(session);
  cria_model_free(model);
  EXPECT_EQ(cria_plan_memory(path.c_str(), nullptr, 0, 1, 0, nullptr, nullptr),
            CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_plan_memory(nullptr, nullptr, 0, 1, 0, &plan, nullptr), CRIA_INVALID_ARGUMENT);
}

TEST(CApi, TokenizesWithTheTwoCallProtocol) {
  const Fixture f;
  size_t n = 0;
  ASSERT_EQ(cria_tokenize(f.model, "cat on", 6, 1, 0, nullptr, 0, &n, nullptr), CRIA_OK);
  std::vector<int32_t> ids(n);
  ASSERT_EQ(cria_tokenize(f.model, "cat on", 6, 1, 0, ids.data(), ids.size(), &n, nullptr),
            CRIA_OK);
  EXPECT_EQ(ids[0], 1);
  size_t n_bytes = 0;
  ASSERT_EQ(cria_detokenize(f.model, ids.data(), n, nullptr, 0, &n_bytes, nullptr), CRIA_OK);
  std::string text(n_bytes, '\0');
  ASSERT_EQ(cria_detokenize(f.model, ids.data(), n, text.data(), n_bytes, &n_bytes, nullptr),
            CRIA_OK);
  EXPECT_EQ(text, "cat on");
}

TEST(CApi, ErrorsCarryCodeAndMessage) {
  cria_model* model = reinterpret_cast<cria_model*>(1);
  cria_error* error = nullptr;
  EXPECT_EQ(cria_model_open("/nowhere/model.gguf", nullptr, &model, &error), CRIA_NOT_FOUND);
  EXPECT_EQ(model, nullptr);
  EXPECT_NE(std::string(cria_error_message(error)).find("/nowhere/model.gguf"), std::string::npos);
  cria_error_free(error);
  EXPECT_EQ(cria_model_open("/nowhere/model.gguf", nullptr, &model, nullptr), CRIA_NOT_FOUND);
  EXPECT_STREQ(cria_error_message(nullptr), "");
}

TEST(CApi, NullArgumentsAreRefusedNotFollowed) {
  const Fixture f;
  size_t n = 0;
  EXPECT_EQ(cria_model_open(nullptr, nullptr, nullptr, nullptr), CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_session_new(nullptr, 0, 0, nullptr, nullptr), CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_generate(nullptr, "", 0, nullptr, nullptr, nullptr, nullptr, nullptr),
            CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_generate(f.session, nullptr, 3, nullptr, nullptr, nullptr, nullptr, nullptr),
            CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_tokenize(f.model, nullptr, 3, 1, 0, nullptr, 0, &n, nullptr),
            CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_tokenize(f.model, "x", 1, 1, 0, nullptr, 0, nullptr, nullptr),
            CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_detokenize(nullptr, nullptr, 0, nullptr, 0, &n, nullptr), CRIA_INVALID_ARGUMENT);
  cria_model_free(nullptr);
  cria_session_free(nullptr);
}

TEST(CApi, ADraftModelAndLookupsChangeNoToken) {
  const Fixture plain, draft;
  cria_session* session = nullptr;
  cria_error* error = nullptr;
  ASSERT_EQ(cria_session_new_with_draft(plain.model, draft.model, 64, 2, &session, &error), CRIA_OK)
      << cria_error_message(error);
  cria_generate_params params = cria_generate_defaults();
  EXPECT_EQ(params.max_draft, 16);
  params.lookup = 1;
  std::string expected, text;
  ASSERT_EQ(
      cria_generate(plain.session, "cat", 3, nullptr, append_piece, &expected, nullptr, nullptr),
      CRIA_OK);
  ASSERT_EQ(cria_generate(session, "cat", 3, &params, append_piece, &text, nullptr, nullptr),
            CRIA_OK);
  EXPECT_EQ(text, expected);
  params.max_draft = 1000;
  EXPECT_EQ(cria_generate(session, "", 0, &params, nullptr, nullptr, nullptr, nullptr),
            CRIA_INVALID_ARGUMENT);
  cria_session_free(session);
  EXPECT_EQ(cria_session_new_with_draft(plain.model, nullptr, 64, 2, &session, nullptr),
            CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(session, nullptr);
}

TEST(CApi, SearchesWithBeams) {
  const Fixture f;
  std::string text;
  double log_probability = 1;
  ASSERT_EQ(cria_beam_search(f.session, "cat", 3, 3, 8, 1, append_piece, &text, &log_probability,
                             nullptr),
            CRIA_OK);
  EXPECT_LT(log_probability, 0);
  EXPECT_FALSE(text.empty());
  EXPECT_EQ(cria_beam_search(f.session, "", 0, 0, 8, 1, nullptr, nullptr, nullptr, nullptr),
            CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_beam_search(nullptr, "", 0, 1, 8, 1, nullptr, nullptr, nullptr, nullptr),
            CRIA_INVALID_ARGUMENT);
}

TEST(CApi, AppendsAndRewinds) {
  const Fixture f;
  const int32_t ids[] = {1, 300};
  const float* logits = nullptr;
  ASSERT_EQ(cria_session_append(f.session, ids, 2, &logits, nullptr), CRIA_OK);
  ASSERT_NE(logits, nullptr);
  const float first = logits[0];
  ASSERT_EQ(cria_session_rewind(f.session, 1, nullptr), CRIA_OK);
  ASSERT_EQ(cria_session_append(f.session, ids + 1, 1, &logits, nullptr), CRIA_OK);
  EXPECT_EQ(logits[0], first);
  EXPECT_EQ(cria_session_rewind(f.session, 3, nullptr), CRIA_INVALID_ARGUMENT);
}

TEST(CApi, AnAbsentChatTemplateIsNotFound) {
  const Fixture f;
  const cria_chat_message message = {"user", "hi"};
  cria_error* error = nullptr;
  EXPECT_EQ(cria_chat(f.session, &message, 1, nullptr, nullptr, nullptr, nullptr, &error),
            CRIA_NOT_FOUND);
  EXPECT_NE(std::string(cria_error_message(error)), "");
  cria_error_free(error);
}

}  // namespace
