// The public classes as an app uses them.
#include "cria/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cria/model.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria {
namespace {

constexpr char kChatMl[] =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' "
    "}}{% endif %}";

Model open_tiny(const std::string& chat_template = kChatMl) {
  testing::TinyModel tiny;
  tiny.n_ctx = 256;
  tiny.chat_template = chat_template;
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model(tiny, path);
  auto model = Model::open(path);
  EXPECT_TRUE(model.ok()) << model.status().message();
  return *model;
}

GenerateOptions greedy(int n) {
  GenerateOptions options;
  options.max_tokens = n;
  options.sampling.temperature = 0;
  return options;
}

TEST(Session, ChatReusesTheConversationSoFar) {
  const Model model = open_tiny();
  auto session = model.new_session();
  ASSERT_TRUE(session.ok());
  std::vector<ChatMessage> messages = {{"user", "the cat"}};
  auto first = session->chat(messages, greedy(8));
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_EQ(first->n_reused, 0);
  messages.push_back({"assistant", first->text});
  messages.push_back({"user", "and on"});
  const auto second = session->chat(messages, greedy(8));
  ASSERT_TRUE(second.ok()) << second.status().message();
  EXPECT_GT(second->n_reused, 5);
  EXPECT_GT(second->n_prompt, second->n_reused);
  // A fresh session that sees it all at once says the same.
  auto fresh = model.new_session();
  const auto again = fresh->chat(messages, greedy(8));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->text, second->text);
}

TEST(Session, ChatAsksTheSameTwice) {
  const Model model = open_tiny();
  auto session = model.new_session();
  const std::vector<ChatMessage> messages = {{"user", "the cat"}};
  const auto first = session->chat(messages, greedy(8));
  const auto second = session->chat(messages, greedy(8));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->text, second->text);
  EXPECT_EQ(second->n_reused, second->n_prompt - 1);
}

TEST(Session, AConversationThatDoesNotFitLeavesTheSessionAsItWas) {
  const Model model = open_tiny();
  auto session = model.new_session({.n_ctx = 64});
  ASSERT_TRUE(session->chat({{"user", "hi"}}, greedy(2)).ok());
  const std::vector<TokenId> before = session->tokens();
  const auto result = session->chat({{"user", std::string(500, '?')}}, greedy(2));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::context_full);
  EXPECT_NE(result.status().message().find("64"), std::string::npos);
  EXPECT_EQ(session->tokens(), before);
}

TEST(Session, CancelledPrefillLeavesAChatUsable) {
  const Model model = open_tiny();
  auto session = model.new_session();
  GenerateOptions options = greedy(4);
  options.should_cancel = [] { return true; };
  const auto cancelled = session->chat({{"user", "the cat"}}, options);
  EXPECT_EQ(cancelled.status().code(), StatusCode::cancelled);
  EXPECT_TRUE(session->chat({{"user", "the cat"}}, greedy(4)).ok());
}

TEST(Session, WithoutATemplateTheReasonAndTheWayOutAreNamed) {
  const Model model = open_tiny("");
  auto session = model.new_session();
  const auto result = session->chat({{"user", "hi"}}, greedy(2));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::not_found);
  EXPECT_TRUE(session->chat({{"user", "hi"}}, greedy(2), {}, "chatml").ok());
  EXPECT_EQ(session->chat({{"user", "hi"}}, greedy(2), {}, "nonsense").status().code(),
            StatusCode::invalid_argument);
}

TEST(Session, AppendGivesLogitsAndRewindForgets) {
  const Model model = open_tiny();
  auto session = model.new_session();
  EXPECT_TRUE(session->logits().empty());
  ASSERT_TRUE(session->append({1, 300}).ok());
  ASSERT_EQ(session->logits().size(), static_cast<size_t>(model.info().n_vocab));
  const std::vector<float> first(session->logits().begin(), session->logits().end());
  ASSERT_TRUE(session->append({301}).ok());
  ASSERT_TRUE(session->rewind(1).ok());
  ASSERT_TRUE(session->append({300}).ok());
  EXPECT_TRUE(std::equal(first.begin(), first.end(), session->logits().begin()));
}

TEST(Session, SessionsOfOneModelDoNotDisturbEachOther) {
  const Model model = open_tiny();
  auto a = model.new_session(), b = model.new_session();
  const auto alone = model.new_session()->generate("cat", greedy(10));
  ASSERT_TRUE(a->append({1, 290}).ok());
  const auto beside = b->generate("cat", greedy(10));
  ASSERT_TRUE(alone.ok() && beside.ok());
  EXPECT_EQ(alone->text, beside->text);
}

TEST(Session, OutlivesTheModelHandle) {
  auto session = [] { return *open_tiny().new_session(); }();
  EXPECT_TRUE(session.generate("cat", greedy(3)).ok());
}

TEST(Session, BadOptionsLeaveAChatAsItWas) {
  const Model model = open_tiny();
  auto session = model.new_session();
  ASSERT_TRUE(session->chat({{"user", "the cat"}}, greedy(4)).ok());
  const std::vector<TokenId> before = session->tokens();
  GenerateOptions options = greedy(4);
  options.sampling.temperature = NAN;
  EXPECT_FALSE(session->chat({{"user", "another"}}, options).ok());
  EXPECT_EQ(session->tokens(), before);
  EXPECT_FALSE(session->logits().empty());
}

TEST(Session, ACallbackThatThrowsIsAnErrorNotTheEnd) {
  auto session = open_tiny().new_session();
  const auto result = session->generate("cat", greedy(4), [](std::string_view) -> Continue {
    throw 42;  // NOLINT: what a host may do
  });
  EXPECT_EQ(result.status().code(), StatusCode::internal);
}

// A chat that has outgrown its context goes on without its oldest exchanges, and says so.
TEST(Session, ALongChatForgetsItsOldestExchanges) {
  const Model model = open_tiny();
  for (const Overflow overflow : {Overflow::shift, Overflow::slide}) {
    auto session = model.new_session();
    GenerateOptions options = greedy(8);
    options.overflow = overflow;
    std::vector<ChatMessage> messages = {{"system", "be brief"}};
    int n_turns_with_reuse = 0, most_dropped = 0;
    for (int turn = 0; turn < 12; ++turn) {
      messages.push_back({"user", "the cat sat on the mat " + std::to_string(turn)});
      const auto result = session->chat(messages, options);
      ASSERT_TRUE(result.ok()) << turn << ": " << result.status().message();
      EXPECT_LE(result->n_prompt, 256);
      EXPECT_GE(result->n_dropped_messages, most_dropped) << "what was forgotten stays forgotten";
      most_dropped = std::max(most_dropped, result->n_dropped_messages);
      if (result->n_reused > result->n_prompt / 2) ++n_turns_with_reuse;
      messages.push_back({"assistant", result->text});
    }
    EXPECT_GT(most_dropped, 4);
    EXPECT_EQ(most_dropped % 2, 0);
    EXPECT_GE(n_turns_with_reuse, 10) << "what stays is not evaluated again";
  }
  auto session = model.new_session();
  std::vector<ChatMessage> messages;
  for (int i = 0; i < 15; ++i) {
    messages.push_back({"user", "the cat sat on the mat"});
    messages.push_back({"assistant", "yes"});
  }
  messages.push_back({"user", "and"});
  EXPECT_EQ(session->chat(messages, greedy(4)).status().code(), StatusCode::context_full);
  GenerateOptions shift = greedy(4);
  shift.overflow = Overflow::shift;
  EXPECT_TRUE(session->chat(messages, shift).ok());
  messages.back().content = std::string(2000, '!');
  EXPECT_EQ(session->chat(messages, shift).status().code(), StatusCode::context_full)
      << "one message that is too long alone";
}

TEST(Session, NaNTemperatureIsRefusedWithFieldAndRange) {
  auto session = open_tiny().new_session();
  GenerateOptions options = greedy(3);
  options.sampling.temperature = NAN;
  const auto result = session->generate("cat", options);
  EXPECT_EQ(result.status().code(), StatusCode::invalid_argument);
  EXPECT_NE(result.status().message().find("temperature"), std::string::npos);
}

}  // namespace
}  // namespace cria
