#include "cria/c_engine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace {

int append_to_text(const char* piece, size_t n_bytes, void* user) {
  static_cast<std::string*>(user)->append(piece, n_bytes);
  return 0;
}

class CEngine : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string path = cria::testing::temporary_dir() + "/model.gguf";
    cria::testing::write_tiny_model({}, path);
    ASSERT_EQ(cria_model_open(path.c_str(), nullptr, &model_, nullptr), CRIA_OK);
    ASSERT_EQ(cria_engine_new(model_, nullptr, &engine_, nullptr), CRIA_OK);
    params_ = cria_generate_defaults();
    params_.max_tokens = 10;
  }
  void TearDown() override {
    cria_engine_free(engine_);
    cria_model_free(model_);
  }
  cria_request* submit(const std::string& prompt, std::string* text) {
    cria_request* request = nullptr;
    EXPECT_EQ(cria_engine_submit(engine_, prompt.data(), prompt.size(), &params_, 0, append_to_text,
                                 text, &request, nullptr),
              CRIA_OK);
    return request;
  }

  cria_model* model_ = nullptr;
  cria_engine* engine_ = nullptr;
  cria_generate_params params_ = {};
};

TEST_F(CEngine, SeveralRequestsGetWhatASessionGives) {
  std::vector<std::string> texts(4);
  std::vector<cria_request*> requests;
  for (size_t i = 0; i < 4; ++i) requests.push_back(submit("the " + std::to_string(i), &texts[i]));
  for (size_t i = 0; i < 4; ++i) {
    int32_t n = 0;
    EXPECT_EQ(cria_request_wait(requests[i], &n, nullptr, nullptr), CRIA_OK);
    EXPECT_EQ(cria_request_done(requests[i]), 1);
    cria_session* session = nullptr;
    ASSERT_EQ(cria_session_new(model_, 0, 0, &session, nullptr), CRIA_OK);
    std::string alone;
    const std::string prompt = "the " + std::to_string(i);
    int32_t n_alone = 0;
    EXPECT_EQ(cria_generate(session, prompt.data(), prompt.size(), &params_, append_to_text, &alone,
                            &n_alone, nullptr),
              CRIA_OK);
    EXPECT_EQ(texts[i], alone);
    EXPECT_EQ(n, n_alone);
    cria_session_free(session);
    cria_request_free(requests[i]);
  }
}

TEST_F(CEngine, CancelEndsARequestAndFreeWaitsForIt) {
  params_.max_tokens = -1;
  std::string a, b;
  cria_request* cancelled = submit("the", &a);
  cria_request* dropped = submit("a", &b);
  cria_request_cancel(cancelled);
  const cria_code code = cria_request_wait(cancelled, nullptr, nullptr, nullptr);
  EXPECT_TRUE(code == CRIA_OK || code == CRIA_CANCELLED);
  cria_request_free(cancelled);
  cria_request_free(dropped);
  cria_request_free(nullptr);
}

TEST_F(CEngine, ARequestMayOutliveItsEngine) {
  params_.max_tokens = -1;
  std::string text;
  cria_request* request = submit("the", &text);
  cria_engine_free(engine_);
  engine_ = nullptr;
  cria_request_wait(request, nullptr, nullptr, nullptr);
  cria_request_free(request);
}

TEST_F(CEngine, NullArgumentsAreRefusedNotFollowed) {
  EXPECT_EQ(cria_engine_new(model_, nullptr, nullptr, nullptr), CRIA_INVALID_ARGUMENT);
  cria_engine* engine = nullptr;
  EXPECT_EQ(cria_engine_new(nullptr, nullptr, &engine, nullptr), CRIA_INVALID_ARGUMENT);
  cria_request* request = nullptr;
  EXPECT_EQ(cria_engine_submit(nullptr, "a", 1, nullptr, 0, nullptr, nullptr, &request, nullptr),
            CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(
      cria_engine_submit(engine_, nullptr, 1, nullptr, 0, nullptr, nullptr, &request, nullptr),
      CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(
      cria_engine_submit(engine_, nullptr, 0, nullptr, 0, nullptr, nullptr, &request, nullptr),
      CRIA_INVALID_ARGUMENT);
  const cria_chat_message message = {"user", nullptr};
  EXPECT_EQ(cria_engine_submit_chat(engine_, &message, 1, nullptr, 0, nullptr, nullptr, &request,
                                    nullptr),
            CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_request_wait(nullptr, nullptr, nullptr, nullptr), CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_request_done(nullptr), 1);
  cria_request_cancel(nullptr);
  cria_engine_free(nullptr);
}

TEST_F(CEngine, SavedSessionsGoOn) {
  const std::string path = cria::testing::temporary_dir() + "/s.kv";
  cria_session *a = nullptr, *b = nullptr;
  ASSERT_EQ(cria_session_new(model_, 0, 0, &a, nullptr), CRIA_OK);
  ASSERT_EQ(cria_session_new(model_, 0, 0, &b, nullptr), CRIA_OK);
  const int32_t ids[] = {1, 300, 301};
  const float *logits_a = nullptr, *logits_b = nullptr;
  ASSERT_EQ(cria_session_append(a, ids, 2, nullptr, nullptr), CRIA_OK);
  ASSERT_EQ(cria_session_save(a, path.c_str(), nullptr), CRIA_OK);
  ASSERT_EQ(cria_session_restore(b, path.c_str(), nullptr), CRIA_OK);
  ASSERT_EQ(cria_session_append(a, ids + 2, 1, &logits_a, nullptr), CRIA_OK);
  ASSERT_EQ(cria_session_append(b, ids + 2, 1, &logits_b, nullptr), CRIA_OK);
  EXPECT_EQ(logits_a[5], logits_b[5]);
  cria_error* error = nullptr;
  EXPECT_EQ(cria_session_restore(b, "/nowhere.kv", &error), CRIA_NOT_FOUND);
  EXPECT_NE(std::string(cria_error_message(error)).find("/nowhere.kv"), std::string::npos);
  cria_error_free(error);
  EXPECT_EQ(cria_session_save(nullptr, path.c_str(), nullptr), CRIA_INVALID_ARGUMENT);
  EXPECT_EQ(cria_session_restore(b, nullptr, nullptr), CRIA_INVALID_ARGUMENT);
  cria_session_free(a);
  cria_session_free(b);
}

}  // namespace
