// cria chat on a pseudo-terminal, as a person sees it.
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <memory>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kCtrlC = "\x03";
constexpr const char* kCtrlD = "\x04";

// A chat whose replies are eight tokens, with a history of its own.
class ChatOnTerminal : public ::testing::Test {
 protected:
  std::unique_ptr<TerminalProcess> start(const Words& flags, ProcessOptions options = {}) {
    ProcessOptions all = options;
    all.environment = clean_environment().environment;
    all.environment.emplace_back("XDG_STATE_HOME", state_);
    all.environment.emplace_back("TERM", "xterm");
    all.environment.insert(all.environment.end(), options.environment.begin(),
                           options.environment.end());
    Words words = {"chat", model_, "--ignore-eos"};
    words.insert(words.end(), flags.begin(), flags.end());
    return std::make_unique<TerminalProcess>(cria_words(words), all);
  }
  std::string history() const { return read_file(state_ + "/cria/history"); }

  const std::string model_ = synthetic_model();
  const std::string state_ = temporary_dir();
  const Words brief_ = {"-n", "8", "--temp", "0"};
  const Words endless_ = {"-c", "200000"};
};

TEST_F(ChatOnTerminal, RepliesWithSpeedAndLeavesOnBye) {
  const auto chat = start(brief_);
  chat->read_until(">>> ");
  chat->type("hello\n");
  EXPECT_NE(chat->read_until(">>> ").find("\x1b[2m[ prompt: "), std::string::npos);
  chat->type("/bye\n");
  EXPECT_EQ(chat->wait().exit_code, 0);
  EXPECT_EQ(history(), "hello\n/bye\n");
}

TEST_F(ChatOnTerminal, NoColorIsHonoured) {
  const auto chat = start(brief_, {.environment = {{"NO_COLOR", "1"}}});
  chat->read_until(">>> ");
  chat->type("hello\n");
  const std::string reply = chat->read_until(">>> ");
  EXPECT_NE(reply.find("[ prompt: "), std::string::npos) << reply;
  EXPECT_EQ(reply.find('\x1b'), std::string::npos) << reply;
}

TEST_F(ChatOnTerminal, CtrlDLeaves) {
  const auto chat = start(brief_);
  chat->read_until(">>> ");
  chat->type(kCtrlD);
  EXPECT_EQ(chat->wait().exit_code, 0);
}

TEST_F(ChatOnTerminal, CtrlCStopsTheReplyAndTheChatGoesOn) {
  const auto chat = start(endless_);
  chat->read_until(">>> ");
  chat->type("hello\n");
  chat->read_until("hello\r\n");
  EXPECT_FALSE(chat->silent_for(60)) << "pieces come while the reply is made";
  chat->type(kCtrlC);
  chat->read_until("cria: stopped");
  chat->read_until(">>> ");
  chat->type("/show\n");
  const std::string shown = chat->read_until(">>> ");
  EXPECT_NE(shown.find("messages  2"), std::string::npos) << shown;
  chat->type("/set predict 4\n");
  chat->read_until(">>> ");
  chat->type("again\n");
  chat->read_until("[ prompt: ");
  chat->read_until(">>> ");
  chat->type("/bye\n");
  EXPECT_EQ(chat->wait().exit_code, 0);
}

TEST_F(ChatOnTerminal, CtrlCTwiceAtThePromptLeaves) {
  const auto chat = start(brief_);
  chat->read_until(">>> ");
  chat->type(kCtrlC);
  chat->read_until("Ctrl-D");
  chat->read_until(">>> ");
  EXPECT_TRUE(chat->silent_for(0.1));
  chat->type(kCtrlC);
  EXPECT_EQ(chat->wait().exit_code, 130);
}

TEST_F(ChatOnTerminal, QuotesHoldAMessageOfSeveralLines) {
  const auto chat = start(brief_);
  chat->read_until(">>> ");
  chat->type("\"\"\"\n");
  chat->read_until("... ");
  chat->type("/bye\n");
  chat->read_until("... ");
  chat->type("two\n");
  chat->read_until("... ");
  chat->type("\"\"\"\n");
  chat->read_until(">>> ");
  EXPECT_EQ(history(), "/bye\\ntwo\n");
  const std::string saved = state_ + "/chat.json";
  chat->type("/save " + saved + "\n");
  chat->read_until(">>> ");
  EXPECT_NE(read_file(saved).find("\"/bye\\ntwo\""), std::string::npos) << read_file(saved);
}

TEST_F(ChatOnTerminal, SettingsAreCheckedAndShown) {
  const auto chat = start(brief_);
  chat->read_until(">>> ");
  chat->type("/set temp nan\n");
  EXPECT_NE(chat->read_until(">>> ").find("temp must be"), std::string::npos);
  chat->type("/set top_k 7\n");
  chat->read_until(">>> ");
  chat->type("/set warmth 7\n");
  EXPECT_NE(chat->read_until(">>> ").find("no setting"), std::string::npos);
  chat->type("/show\n");
  const std::string shown = chat->read_until(">>> ");
  EXPECT_NE(shown.find("top_k               7\r\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("temp                0\r\n"), std::string::npos) << shown;
  chat->type("/fly\n");
  EXPECT_NE(chat->read_until(">>> ").find("unknown command /fly"), std::string::npos);
  chat->type("/help\n");
  EXPECT_NE(chat->read_until(">>> ").find("/regen"), std::string::npos);
}

TEST_F(ChatOnTerminal, SaveClearAndLoadKeepTheConversation) {
  const std::string saved = state_ + "/chat.json";
  const auto chat = start(brief_);
  chat->read_until(">>> ");
  chat->type("/system Be brief.\n");
  chat->read_until(">>> ");
  chat->type("hello\n");
  chat->read_until(">>> ");
  chat->type("/save " + saved + "\n");
  chat->read_until(">>> ");
  chat->type("/clear\n");
  chat->read_until(">>> ");
  chat->type("/show\n");
  EXPECT_NE(chat->read_until(">>> ").find("messages  1\r\n"), std::string::npos);
  chat->type("/load " + saved + "\n");
  EXPECT_NE(chat->read_until(">>> ").find("3 messages loaded"), std::string::npos);
  chat->type("/load /none.json\n");
  EXPECT_NE(chat->read_until(">>> ").find("/none.json"), std::string::npos);
  write_file(saved, "{\"format\": \"cria chat\", \"version\": 1, \"messages\": [{\"role\": 3}]}");
  chat->type("/load " + saved + "\n");
  EXPECT_NE(chat->read_until(">>> ").find("message 0"), std::string::npos);
  chat->type("/show\n");
  EXPECT_NE(chat->read_until(">>> ").find("messages  3\r\n"), std::string::npos);
}

TEST_F(ChatOnTerminal, RegenRepliesAgainWithoutAddingAMessage) {
  const auto chat = start({"-n", "8", "--temp", "5", "--seed", "1"});
  chat->read_until(">>> ");
  chat->type("/regen\n");
  EXPECT_NE(chat->read_until(">>> ").find("no message"), std::string::npos);
  chat->type("hello\n");
  chat->read_until("hello\r\n");
  const std::string first = chat->read_until("[ prompt");
  chat->read_until(">>> ");
  chat->type("/regen\n");
  chat->read_until("/regen\r\n");
  EXPECT_NE(chat->read_until("[ prompt"), first) << "another seed";
  chat->read_until(">>> ");
  chat->type("/show\n");
  EXPECT_NE(chat->read_until(">>> ").find("messages  2\r\n"), std::string::npos);
}

TEST_F(ChatOnTerminal, FirstMessageFromAFlag) {
  Words flags = brief_;
  flags.insert(flags.end(), {"-p", "hello there"});
  const auto chat = start(flags);
  chat->read_until("hello there\r\n");
  chat->read_until("[ prompt: ");
  chat->read_until(">>> ");
  chat->type(kCtrlD);
  EXPECT_EQ(chat->wait().exit_code, 0);
}

TEST_F(ChatOnTerminal, HistoryOfEarlierChatsIsKept) {
  for (const char* message : {"first", "second"}) {
    const auto chat = start(brief_);
    chat->read_until(">>> ");
    chat->type(std::string(message) + "\n");
    chat->read_until(">>> ");
    chat->type(kCtrlD);
    EXPECT_EQ(chat->wait().exit_code, 0);
  }
  EXPECT_EQ(history(), "first\nsecond\n");
  const auto chat = start(brief_);
  chat->read_until(">>> ");
  chat->type("/history\n");
  const std::string shown = chat->read_until(">>> ");
  EXPECT_NE(shown.find("  first\r\n  second\r\n"), std::string::npos) << shown;
}

// What was said in a chat, as /save writes it.
std::string said(TerminalProcess& chat, const std::string& path) {
  chat.type("/save " + path + "\n");
  chat.read_until("/save");
  chat.read_until(">>> ");
  return read_file(path);
}

TEST_F(ChatOnTerminal, KeysEditTheLine) {
  const auto chat = start({"-n", "0"});
  chat->read_until(">>> ");
  chat->type(
      "onw\x7f"
      "e \xc3\xa9\xe4\xb8\x96\x7f two");  // backspace takes whole code points
  chat->type(
      "\x17"
      "three");                      // Ctrl-W: the last word
  chat->type("\x01zero \x05 four");  // Ctrl-A and Ctrl-E: begin and end
  chat->type("\x1b[D\x1b[D\x1b[D\x1b[D\x1b[3~\x1b[3~\x1b[3~\x1b[3~\n");  // left, delete
  chat->read_until("[ prompt");
  chat->read_until(">>> ");
  EXPECT_NE(said(*chat, state_ + "/a").find("\"zero one \xc3\xa9 three \""), std::string::npos)
      << read_file(state_ + "/a");
}

TEST_F(ChatOnTerminal, ArrowsBringTheHistoryBack) {
  std::filesystem::create_directories(state_ + "/cria");
  write_file(state_ + "/cria/history", "oldest\nolder\n");
  const auto chat = start({"-n", "0"});
  chat->read_until(">>> ");
  chat->type("new\x1b[A\x1b[A\x1b[B!\n");  // up, up, down
  chat->read_until("[ prompt");
  chat->read_until(">>> ");
  EXPECT_NE(said(*chat, state_ + "/a").find("\"older!\""), std::string::npos)
      << read_file(state_ + "/a");
}

TEST_F(ChatOnTerminal, LinesLongerThanTheTerminalsOwnLimitArriveWhole) {
  if (is_emulated()) GTEST_SKIP() << "minutes of attention to 5,000 tokens on an emulated CPU";
  const auto chat = start({"-n", "0", "-c", "20000"});
  chat->read_until(">>> ");
  const std::string line(5000, 'x');
  for (int i = 0; i < 5; ++i) chat->type(line.substr(0, 1000));
  chat->type("\n");
  chat->read_until("[ prompt");
  chat->read_until(">>> ");
  EXPECT_NE(said(*chat, state_ + "/a").find('"' + line + '"'), std::string::npos);
}

TEST_F(ChatOnTerminal, WorksOnATerminalThatCannotMoveItsCursor) {
  const auto chat = start(brief_, {.environment = {{"TERM", "dumb"}}});
  chat->read_until(">>> ");
  chat->type("hello\n");
  const std::string reply = chat->read_until(">>> ");
  EXPECT_NE(reply.find("[ prompt: "), std::string::npos) << reply;
  EXPECT_EQ(reply.find('\x1b'), std::string::npos) << reply;
  chat->type(kCtrlC);
  chat->read_until(">>> ");
  chat->type(kCtrlD);
  EXPECT_EQ(chat->wait().exit_code, 0);
}

TEST_F(ChatOnTerminal, FullDiskUnderTheHistoryIsAWarningAndLeavesItWhole) {
  std::filesystem::create_directories(state_ + "/cria");
  const std::string before(200, 'x');
  write_file(state_ + "/cria/history", before + "\n");
  const auto chat = start(brief_, {.max_file_bytes = 100});
  chat->read_until(">>> ");
  chat->type("hello\n");
  const std::string reply = chat->read_until(">>> ");
  EXPECT_NE(reply.find("warning: the history is not kept"), std::string::npos) << reply;
  EXPECT_NE(reply.find(state_ + "/cria/history"), std::string::npos) << reply;
  EXPECT_NE(reply.find("[ prompt: "), std::string::npos) << "the chat goes on: " << reply;
  chat->type("again\n");
  EXPECT_EQ(chat->read_until(">>> ").find("warning"), std::string::npos) << "said once";
  chat->type("/bye\n");
  EXPECT_EQ(chat->wait().exit_code, 0);
  EXPECT_EQ(history(), before + "\n");
  const std::filesystem::directory_iterator folder(state_ + "/cria"), end;
  EXPECT_EQ(std::distance(folder, end), 1) << "no temporary file is left";
}

TEST_F(ChatOnTerminal, HistoryThatCannotBeReadIsNotReplaced) {
  std::filesystem::create_directories(state_ + "/cria/history");
  const auto chat = start(brief_);
  EXPECT_NE(chat->read_until(">>> ").find("warning: the history"), std::string::npos);
  chat->type("hello\n");
  chat->read_until("[ prompt: ");
  chat->read_until(">>> ");
  chat->type("/bye\n");
  EXPECT_EQ(chat->wait().exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_directory(state_ + "/cria/history"));
}

TEST_F(ChatOnTerminal, ConversationBeyondTheContextIsSaidAndTheChatGoesOn) {
  const auto chat = start({"-n", "4", "--temp", "0", "-c", "80"});
  chat->read_until(">>> ");
  chat->type(std::string(120, '!') + "\n");
  chat->read_until("cria: ");
  const std::string refused = chat->read_until(">>> ");
  EXPECT_NE(refused.find("context"), std::string::npos) << refused;
  EXPECT_NE(refused.find("80"), std::string::npos) << refused;
  chat->type("hi\n");
  chat->read_until("[ prompt: ");
}

TEST(RunOnTerminal, NoPromptIsWrongUsage) {
  TerminalProcess run(cria_words({"run", "m.gguf"}), clean_environment());
  const ProcessResult result = run.wait();
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.out.find("-p TEXT"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace cria::testing
