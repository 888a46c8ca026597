// Al in 4 bits guesses for Al in F16: on all 200 hand-written requests the same tokens come as
// without it, on every request the whole reply.
#include <gtest/gtest.h>

#include <filesystem>

#include "api/impl.h"
#include "cria/model.h"
#include "cria/quantize.h"
#include "cria/session.h"
#include "dev/score_al/test_case.h"
#include "house/house.h"
#include "support/shared_data.h"

namespace cria::score {
namespace {

Model quantized_al(const std::string& type) {
  const std::string shipped = testing::source_dir() + "/../models/al-q8_0.gguf";
  const std::string path = testing::temporary_dir() + "/al-" + type + ".gguf";
  const auto report = quantize_file(shipped, path, {.type = type});
  EXPECT_TRUE(report.ok()) << report.status().message();
  auto model = Model::open(path);
  EXPECT_TRUE(model.ok()) << model.status().message();
  return *std::move(model);
}

struct Replies {
  std::vector<std::vector<TokenId>> tokens;  // prompt and reply
  int64_t n_drafted = 0, n_accepted = 0;
};

// always: guesses are evaluated whether or not that saves time, which on a model as small as this
// it does not.
Replies answer_all(Session session, const std::vector<TestCase>& cases, bool lookup, bool always) {
  if (always) session.impl().speculator->policy().set_always();
  GenerateOptions options;
  options.max_tokens = 200;
  options.sampling.temperature = 0;
  options.speculation.lookup = lookup;
  Replies replies;
  for (const TestCase& test : cases) {
    std::vector<ChatMessage> messages = {{"system", house::system_message(test.house)}};
    messages.insert(messages.end(), test.messages.begin(), test.messages.end());
    const auto result = session.chat(messages, options);
    EXPECT_TRUE(result.ok()) << test.source << ": " << result.status().message();
    replies.tokens.push_back(session.tokens());
    replies.n_drafted += result->n_drafted;
    replies.n_accepted += result->n_accepted;
  }
  return replies;
}

TEST(Draft, FourBitsOfAlGuessForF16WithoutChangingAToken) {
  const std::string models = testing::source_dir() + "/../models";
  if (!std::filesystem::exists(models + "/al-q8_0.gguf")) GTEST_SKIP() << "no models/al-q8_0.gguf";
  const auto cases = load_cases(models + "/al/tests/hand_written.jsonl");
  ASSERT_TRUE(cases.ok()) << cases.status().message();
  ASSERT_EQ(cases->size(), 200u);
  const Model al = quantized_al("f16"), draft = quantized_al("q4_0");
  const Replies plain = answer_all(*al.new_session(), *cases, false, false);
  EXPECT_EQ(plain.n_drafted, 0);
  for (const bool always : {true, false}) {
    const Replies guessed = answer_all(*al.new_session({}, draft), *cases, !always, always);
    for (size_t i = 0; i < cases->size(); ++i) {
      EXPECT_EQ(guessed.tokens[i], plain.tokens[i]) << (*cases)[i].source;
    }
    if (!always) continue;  // then measured times decide how much is guessed
    EXPECT_GT(guessed.n_accepted, 2000);
    EXPECT_LT(guessed.n_accepted, guessed.n_drafted);
  }
}

}  // namespace
}  // namespace cria::score
