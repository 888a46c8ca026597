// cria chat with Al: a model with one fixed reply in its place, which toggles the kitchen light.
#include <gtest/gtest.h>

#include <memory>

#include "cli/program.h"
#include "support/canned_al.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kChatHouse = R"json({"services": ["light.toggle()"], "devices": [
    {"id": "light.kitchen", "name": "Kitchen Light", "state": "off"}]})json";
// Cut where a streamed block is hardest to hide.
const std::vector<std::string> kReply = {"As you like",
                                         ".",
                                         "\n",
                                         "``",
                                         "`homeassistant\n{\"service\": \"light.toggle\", ",
                                         "\"target_device\": \"light.kitchen\"}",
                                         "\n``",
                                         "`"};

class AlChat : public ::testing::Test {
 protected:
  void SetUp() override {
    write_canned_al(kReply, model_);
    write_file(house_, kChatHouse);
  }
  std::unique_ptr<TerminalProcess> start(const Words& flags) {
    ProcessOptions options = clean_environment();
    options.environment.emplace_back("XDG_STATE_HOME", folder_);
    options.environment.emplace_back("TERM", "xterm");
    Words words = {"chat", model_};
    words.insert(words.end(), flags.begin(), flags.end());
    return std::make_unique<TerminalProcess>(cria_words(words), options);
  }
  // What is printed after the line typed, up to the next prompt.
  static std::string ask(TerminalProcess& chat, const std::string& line) {
    chat.type(line + "\n");
    chat.read_until(line + "\r\n");
    return chat.read_until(">>> ");
  }

  const std::string folder_ = temporary_dir();
  const std::string model_ = folder_ + "/al.gguf";
  const std::string house_ = folder_ + "/house.json";
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(AlChat, SaysThatTheHouseIsSimulatedAndShowsWhatChanges) {
  const auto chat = start({"--house", house_, "--no-stats"});
  EXPECT_TRUE(has(chat->read_until(">>> "), "The house is simulated"));
  const std::string first = ask(*chat, "toggle it");
  EXPECT_TRUE(has(first, "As you like.\r\n\x1b[2m  Kitchen Light: off -> on\x1b[0m")) << first;
  EXPECT_FALSE(has(first, "`")) << first;
  EXPECT_FALSE(has(first, "service")) << first;
  const std::string second = ask(*chat, "and back");
  EXPECT_TRUE(has(second, "Kitchen Light: on -> off")) << second;
  chat->type("/bye\n");
  EXPECT_EQ(chat->wait().exit_code, 0);
}

TEST_F(AlChat, DevicesShowsTheHouseAsItIsNow) {
  const auto chat = start({"--house", house_});
  chat->read_until(">>> ");
  EXPECT_TRUE(has(ask(*chat, "/help"), "/devices"));
  EXPECT_TRUE(has(ask(*chat, "/devices"), "  Kitchen Light  off    light.kitchen\r\n"));
  ask(*chat, "toggle it");
  const std::string table = ask(*chat, "/devices");
  EXPECT_TRUE(has(table, "  device         state  id\r\n  Kitchen Light  on     light.kitchen\r\n"))
      << table;
}

TEST_F(AlChat, EachReplySeesTheHouseOfNow) {
  const auto chat = start({"--house", house_});
  chat->read_until(">>> ");
  ask(*chat, "one");
  ask(*chat, "two");
  ask(*chat, "/save " + folder_ + "/saved.json");
  const std::string saved = read_file(folder_ + "/saved.json");
  EXPECT_TRUE(has(saved, "light.kitchen 'Kitchen Light' = on\"")) << saved;
  EXPECT_TRUE(has(saved, "```homeassistant")) << "the messages are kept whole: " << saved;
  EXPECT_TRUE(has(ask(*chat, "/system Be brief."), "the house"));
}

TEST_F(AlChat, RegenPutsTheHouseBackFirst) {
  const auto chat = start({"--house", house_});
  chat->read_until(">>> ");
  const std::string nothing = ask(*chat, "/regen");
  EXPECT_TRUE(has(nothing, "no message"));
  EXPECT_FALSE(has(nothing, "temperature"));
  EXPECT_TRUE(has(ask(*chat, "one"), "off -> on"));
  const std::string greedy = ask(*chat, "/regen");
  EXPECT_TRUE(has(greedy, "off -> on"));
  EXPECT_TRUE(has(greedy, "note: at temperature 0 the reply is the same again; /set temp"))
      << greedy;
  ask(*chat, "/set temp 0.5");
  EXPECT_FALSE(has(ask(*chat, "/regen"), "note: at temperature 0"));
  EXPECT_TRUE(has(ask(*chat, "/regen"), "off -> on"));
  EXPECT_TRUE(has(ask(*chat, "two"), "on -> off"));
}

TEST_F(AlChat, LongChatsLeaveTheOldestMessagesOut) {
  const auto chat = start({"--house", house_, "-c", "300"});
  chat->read_until(">>> ");
  for (int i = 0; i < 8; ++i) {
    const std::string reply =
        ask(*chat, "now do it once again, if you please " + std::to_string(i));
    EXPECT_TRUE(has(reply, "Kitchen Light: ")) << reply;
  }
  EXPECT_TRUE(has(ask(*chat, "/show"), "messages  17")) << "all are kept";
}

TEST_F(AlChat, DemoHouseIsTheOneWhereNoneIsNamed) {
  const auto chat = start({});
  chat->read_until(">>> ");
  EXPECT_TRUE(has(ask(*chat, "/devices"), "Living Room Lamp"));
  EXPECT_TRUE(has(ask(*chat, "toggle it"), "Kitchen Light: off -> on"));
}

TEST_F(AlChat, WithoutATerminalTheWordsAloneAreOnStandardOutput) {
  const ProcessResult result = cria({"chat", model_, "--house", house_, "-p", "toggle it"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "As you like.\n");
  EXPECT_TRUE(has(result.err, "  Kitchen Light: off -> on\n")) << result.err;
  EXPECT_TRUE(has(result.err, "simulated")) << result.err;
  EXPECT_FALSE(has(result.err, "seed")) << "greedy where no temperature is asked for";
}

TEST_F(AlChat, OtherModelsAndOtherSystemMessagesHaveNoHouse) {
  std::string whole;
  for (const std::string& piece : kReply) whole += piece;
  const ProcessResult system =
      cria({"chat", model_, "-sys", "Be brief.", "-p", "x", "--temp", "0"});
  EXPECT_EQ(system.out, whole + "\n");
  EXPECT_EQ(system.err, "");
  write_canned_al(kReply, model_, "Somebody");
  const ProcessResult other = cria({"chat", model_, "-p", "x", "--temp", "0"});
  EXPECT_EQ(other.out, whole + "\n");
  EXPECT_EQ(other.err, "");
  EXPECT_EQ(cria({"chat", model_, "--house", house_, "-p", "x"}).exit_code, 2);
  EXPECT_EQ(cria({"chat", model_, "--house", "", "-p", "x"}).exit_code, 2);
  const auto chat = start({"--temp", "0"});
  chat->read_until(">>> ");
  EXPECT_TRUE(has(ask(*chat, "/devices"), "no devices"));
}

}  // namespace
}  // namespace cria::testing
