// cria chat --session: a chat goes on in another process as it would have gone on in one.
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/program.h"
#include "support/canned_al.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Words = std::vector<std::string>;

bool says(const ProcessResult& result, const std::string& part) {
  return result.err.find(part) != std::string::npos;
}

class ChatSession : public ::testing::Test {
 protected:
  ProcessResult say(const std::string& message, const std::string& name = "garden",
                    const Words& more = {}) {
    ProcessOptions options = clean_environment();
    options.environment.emplace_back("XDG_STATE_HOME", folder_);
    Words words = {"chat", model_, "--session", name, "-p",          message,
                   "-n",   "9",    "--temp",    "0",  "--ignore-eos"};
    words.insert(words.end(), more.begin(), more.end());
    return cria(words, options);
  }
  std::string file(const std::string& end) const { return folder_ + "/cria/sessions/garden" + end; }

  const std::string folder_ = temporary_dir();
  std::string model_ = synthetic_model();
};

TEST_F(ChatSession, GoesOnWithMessagesAndWithWhatWasEvaluated) {
  const ProcessResult first = say("hello");
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_TRUE(says(first, "session garden: a new one")) << first.err;
  const ProcessResult second = say("and then");
  EXPECT_TRUE(says(second, "goes on after 2 messages")) << second.err;
  EXPECT_TRUE(says(second, "need not be evaluated again")) << second.err;
  // Without the cache the messages alone give the same reply.
  const ProcessResult third = say("one more");
  std::filesystem::remove(file(".kv"));
  write_file(file(".json"), read_file(file(".json")));
  EXPECT_TRUE(says(say("x", "other"), "a new one"));
  EXPECT_EQ(third.exit_code, 0) << third.err;
}

TEST_F(ChatSession, TheReplyIsTheSameWithAndWithoutTheCache) {
  say("hello");
  const std::string messages = read_file(file(".json")), cache = read_file(file(".kv"));
  const std::string with_cache = say("and then").out;
  write_file(file(".json"), messages);
  std::filesystem::remove(file(".kv"));
  const ProcessResult without = say("and then");
  EXPECT_TRUE(says(without, "which are evaluated again")) << without.err;
  EXPECT_EQ(without.out, with_cache);
  EXPECT_FALSE(with_cache.empty());
}

TEST_F(ChatSession, ADamagedCacheIsACleanMissThatIsSaid) {
  say("hello");
  const std::string messages = read_file(file(".json")), cache = read_file(file(".kv"));
  const std::string right = say("and then").out;
  for (const size_t at : {size_t{3}, size_t{20}, size_t{90}, cache.size() / 2, cache.size() - 1}) {
    std::string damaged = cache;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    write_file(file(".kv"), damaged);
    write_file(file(".json"), messages);
    const ProcessResult result = say("and then");
    EXPECT_TRUE(says(result, "which are evaluated again")) << at << result.err;
    EXPECT_TRUE(says(result, "garden.kv")) << at << result.err;
    EXPECT_EQ(result.out, right) << at;
  }
}

TEST_F(ChatSession, DamagedMessagesAreAnErrorAndStayAsTheyAre) {
  say("hello");
  write_file(file(".json"), "{\"format\": \"cria chat\"");
  const ProcessResult result = say("and then");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(says(result, "garden.json")) << result.err;
  EXPECT_EQ(read_file(file(".json")), "{\"format\": \"cria chat\"");
}

TEST_F(ChatSession, NamesAreNamesAndNoPaths) {
  for (const char* name : {"", "a/b", "../x", ".hidden", "a b"}) {
    const ProcessResult result = say("hello", name);
    EXPECT_EQ(result.exit_code, 2) << name;
    EXPECT_TRUE(says(result, "--session")) << result.err;
  }
}

TEST_F(ChatSession, AlsHouseIsKeptToo) {
  model_ = folder_ + "/al.gguf";
  write_canned_al({"As you like.\n```homeassistant\n{\"service\": \"light.toggle\", ",
                   "\"target_device\": \"light.kitchen\"}", "\n```"},
                  model_);
  const std::string house = folder_ + "/house.json";
  write_file(house, R"json({"services": ["light.toggle()"], "devices": [
      {"id": "light.kitchen", "name": "Kitchen Light", "state": "off"}]})json");
  ProcessOptions options = clean_environment();
  options.environment.emplace_back("XDG_STATE_HOME", folder_);
  const Words words = {"chat", model_, "--house", house, "--session", "garden", "-p", "toggle it"};
  EXPECT_NE(cria(words, options).err.find("Kitchen Light: off -> on"), std::string::npos);
  EXPECT_NE(cria(words, options).err.find("Kitchen Light: on -> off"), std::string::npos);
}

// Killed while it waits for the next message: what was replied is there.
TEST_F(ChatSession, SurvivesKill) {
  ProcessOptions options = clean_environment();
  options.environment.emplace_back("XDG_STATE_HOME", folder_);
  options.environment.emplace_back("TERM", "xterm");
  {
    TerminalProcess chat(cria_words({"chat", model_, "--session", "garden", "-n", "9", "--temp",
                                     "0", "--ignore-eos"}),
                         options);
    chat.read_until(">>> ");
    chat.type("hello\n");
    chat.read_until("hello\r\n");
    chat.read_until(">>> ");
  }
  EXPECT_TRUE(says(say("and then"), "goes on after 2 messages"));
}

}  // namespace
}  // namespace cria::testing
