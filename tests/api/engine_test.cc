#include "cria/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria {
namespace {

class EngineApi : public ::testing::Test {
 protected:
  Model open() {
    const std::string path = testing::temporary_dir() + "/model.gguf";
    testing::write_tiny_model(
        {.chat_template = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
                          "{{ m['content'] }}<|im_end|>\n{% endfor %}"
                          "<|im_start|>assistant\n"},
        path);
    auto model = Model::open(path);
    EXPECT_TRUE(model.ok()) << model.status().message();
    return *std::move(model);
  }
  static GenerateOptions options(uint64_t seed) {
    GenerateOptions options;
    options.max_tokens = 12;
    options.sampling.seed = seed;
    return options;
  }
  const Model model_ = open();
};

TEST_F(EngineApi, RequestsFromManyThreadsGetWhatASessionGives) {
  auto engine = Engine::create(model_, {.max_running = 3});
  ASSERT_TRUE(engine.ok()) << engine.status().message();
  std::vector<std::thread> threads;
  std::vector<std::string> texts(8);
  for (size_t i = 0; i < texts.size(); ++i) {
    threads.emplace_back([&, i] {
      auto reply = engine->submit(
          {.messages = {{"user", "hello " + std::to_string(i)}}, .options = options(i)});
      ASSERT_TRUE(reply.ok()) << reply.status().message();
      const auto& result = reply->get();
      ASSERT_TRUE(result.ok()) << result.status().message();
      texts[i] = result->text;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < texts.size(); ++i) {
    auto session = model_.new_session();
    const auto alone = session->chat({{"user", "hello " + std::to_string(i)}}, options(i));
    EXPECT_EQ(texts[i], alone->text) << i;
  }
}

TEST_F(EngineApi, PiecesJoinToTheTextAndAStopIsASTop) {
  auto engine = Engine::create(model_);
  std::string pieces;
  auto reply = engine->submit(
      {.prompt = "the cat", .options = options(1), .on_piece = [&](std::string_view piece) {
         pieces += piece;
         return Continue::yes;
       }});
  const auto& result = reply->get();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(pieces, result->text);
  auto stopped =
      engine->submit({.prompt = "the cat", .options = options(1), .on_piece = [](std::string_view) {
                        return Continue::no;
                      }});
  EXPECT_EQ(stopped->get()->finish, FinishReason::cancelled);
}

TEST_F(EngineApi, ASecondQuestionReusesTheFirst) {
  auto engine = Engine::create(model_, {.n_ctx = 400});
  std::string text;
  for (int i = 0; i < 12; ++i) text += "the cat sat ";
  std::vector<ChatMessage> messages = {{"user", text}};
  const auto first = engine->submit({.messages = messages, .options = options(1)})->get();
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_EQ(first->n_reused, 0);
  messages.push_back({"assistant", first->text});
  messages.push_back({"user", "and"});
  const auto second = engine->submit({.messages = messages, .options = options(1)})->get();
  ASSERT_TRUE(second.ok()) << second.status().message();
  EXPECT_GE(second->n_reused, first->n_prompt - 1);
}

TEST_F(EngineApi, RefusesBadOptionsAndRequests) {
  EXPECT_EQ(Engine::create(model_, {.n_ctx = -1}).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(Engine::create(model_, {.max_running = 0}).status().code(),
            StatusCode::invalid_argument);
  EXPECT_EQ(Engine::create(model_, {.n_threads = -1}).status().code(),
            StatusCode::invalid_argument);
  EXPECT_EQ(Engine::create(model_, {.n_kv_tokens = INT64_MAX / 2}).status().code(),
            StatusCode::out_of_memory);
  auto engine = Engine::create(model_);
  EXPECT_EQ(engine->submit({}).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(engine->submit({.messages = {{"user", "a"}}, .prompt = "a"}).status().code(),
            StatusCode::invalid_argument);
  GenerateOptions bad;
  bad.sampling.top_p = 7;
  EXPECT_EQ(engine->submit({.prompt = "a", .options = bad}).status().code(),
            StatusCode::invalid_argument);
  const std::string long_text(10000, '!');
  EXPECT_EQ(engine->submit({.prompt = long_text}).status().code(), StatusCode::context_full);
}

TEST_F(EngineApi, ItsEndAnswersWhatIsNotDone) {
  std::vector<PendingReply> replies;
  {
    auto engine = Engine::create(model_, {.max_running = 1});
    for (int i = 0; i < 5; ++i) {
      GenerateOptions endless = options(1);
      endless.max_tokens = -1;
      endless.ignore_eos = true;
      replies.push_back(*engine->submit({.prompt = "the", .options = endless}));
    }
  }
  int n_cancelled = 0;
  for (auto& reply : replies) n_cancelled += reply.get().ok() ? 0 : 1;
  EXPECT_GE(n_cancelled, 1);
}

TEST_F(EngineApi, CancelEndsAReplyWithWhatItHas) {
  auto engine = Engine::create(model_, {.n_ctx = 20000});
  GenerateOptions endless = options(1);
  endless.max_tokens = -1;
  endless.ignore_eos = true;
  std::atomic<int> n_pieces = 0;
  auto reply =
      engine->submit({.prompt = "the", .options = endless, .on_piece = [&](std::string_view) {
                        ++n_pieces;
                        return Continue::yes;
                      }});
  while (n_pieces == 0) std::this_thread::yield();
  EXPECT_FALSE(reply->done());
  reply->cancel();
  ASSERT_TRUE(reply->get().ok());
  EXPECT_EQ(reply->get()->finish, FinishReason::cancelled);
  EXPECT_FALSE(reply->get()->text.empty());
}

TEST_F(EngineApi, StatisticsAddUp) {
  auto engine = Engine::create(model_, {.n_kv_tokens = 320});
  const auto result = engine->submit({.prompt = "the cat", .options = options(1)})->get();
  ASSERT_TRUE(result.ok());
  EngineStats stats = engine->stats();
  while (stats.n_running > 0) stats = engine->stats();
  EXPECT_EQ(stats.n_requests, 1);
  EXPECT_EQ(stats.n_generated_tokens, result->n_generated);
  EXPECT_EQ(stats.n_pages, 10);
  EXPECT_EQ(stats.n_free_pages + stats.n_prefix_pages, 10);
}

}  // namespace
}  // namespace cria
