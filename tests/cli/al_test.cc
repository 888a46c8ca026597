// cria al: a request in, words and calls out. Most tests use a model with one fixed reply in Al's
// place; those that need the real one are skipped where it is not there.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "support/canned_al.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

constexpr const char* kHouse = R"json({
  "services": ["light.turn_on(brightness,rgb_color)", "light.turn_off()"],
  "devices": [{"id": "light.kitchen", "name": "Kitchen Light", "state": "off"},
              {"id": "light.desk", "name": "Desk Lamp", "state": "on;80%"}]})json";
constexpr const char* kDim =
    R"({"service": "light.turn_on", "target_device": "light.kitchen", "brightness": 40})";
constexpr const char* kOff = R"({"service": "light.turn_off", "target_device": "light.desk"})";

class AlCommand : public ::testing::Test {
 protected:
  void SetUp() override { write_file(house_, kHouse); }

  // Flags for a model that says this.
  Words saying(const std::vector<std::string>& pieces) {
    write_canned_al(pieces, model_);
    return {"al", "-m", model_, "--house", house_, "-p", "please"};
  }
  static Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  const std::string folder_ = temporary_dir();
  const std::string model_ = folder_ + "/al.gguf";
  const std::string house_ = folder_ + "/house.json";
  const std::string two_calls_ = std::string("\n```homeassistant\n") + kDim + "\n" + kOff + "\n```";
};

TEST_F(AlCommand, SaysWhatTheCallsChanged) {
  const ProcessResult result = cria(saying({"As you like.", two_calls_}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "As you like.\n  Kitchen Light: off -> on;40%\n  Desk Lamp: on;80% -> off\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(AlCommand, CallsAreALineOfJsonEachAndNothingElse) {
  const ProcessResult result = cria(with(saying({"As you like.", two_calls_}), {"--calls"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, std::string(kDim) + "\n" + kOff + "\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(AlCommand, NoCallsIsNoFailure) {
  const Words words = saying({"I can't find a garage light in this house."});
  const ProcessResult calls = cria(with(words, {"--calls"}));
  EXPECT_EQ(calls.exit_code, 0);
  EXPECT_EQ(calls.out + calls.err, "");
  EXPECT_EQ(cria(words).out, "I can't find a garage light in this house.\n");
}

TEST_F(AlCommand, JsonHoldsWordsCallsChangesAndTimings) {
  const ProcessResult result = cria(with(saying({"As you like.", two_calls_}), {"--json"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json answer = Json::parse(result.out, nullptr, false);
  ASSERT_FALSE(answer.is_discarded()) << result.out;
  EXPECT_EQ(answer["says"], "As you like.");
  EXPECT_EQ(answer["calls"], Json::array({Json::parse(kDim), Json::parse(kOff)}));
  EXPECT_EQ(answer["changes"][0],
            Json::parse(R"({"device": "Kitchen Light", "before": "off", "after": "on;40%"})"));
  EXPECT_EQ(answer["refused"], Json::array());
  EXPECT_EQ(answer["timings"]["n_generated"], 2);
  EXPECT_GT(answer["timings"]["n_prompt"].get<int>(), 100);
  EXPECT_GT(answer["timings"]["prompt_ms"].get<double>(), 0);
  EXPECT_EQ(result.out.find('\n'), result.out.size() - 1) << "one line";
}

TEST_F(AlCommand, CallsThatTheHouseDoesNotKnowAreNotPrintedAndFail) {
  const std::string bad = R"({"service": "light.toggle", "target_device": "light.desk"})";
  const ProcessResult result = cria(
      with(saying({"Fine.", "\n```homeassistant\n" + bad + "\n" + kOff + "\n```"}), {"--calls"}));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, std::string(kOff) + "\n");
  EXPECT_TRUE(is_one_message(result.err)) << result.err;
  EXPECT_NE(result.err.find("no service \"light.toggle\""), std::string::npos) << result.err;
}

TEST_F(AlCommand, SaveWritesTheChangedHouse) {
  const std::string saved = folder_ + "/saved.json";
  const Words words = saying({"As you like.", two_calls_});
  EXPECT_EQ(cria(with(words, {"--save", saved})).exit_code, 0);
  const Json house = Json::parse(read_file(saved), nullptr, false);
  EXPECT_EQ(house["devices"][0]["state"], "on;40%");
  EXPECT_EQ(house["devices"][1]["state"], "off");
  EXPECT_EQ(house["services"], Json::parse(kHouse)["services"]);
  Words again = words;
  again[4] = saved;
  EXPECT_EQ(cria(with(again, {"--save", saved})).out,
            "As you like.\n  Kitchen Light: on;40%, as before\n  Desk Lamp: off, as before\n");
  const ProcessResult failed = cria(with(words, {"--save", folder_ + "/none/x.json"}));
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("/none/x.json"), std::string::npos) << failed.err;
}

TEST_F(AlCommand, SaveOverTheHouseKeepsFieldsOfOthersAndUnitsOfDevicesThatAreOff) {
  write_file(house_, R"json({"services": ["climate.turn_off()"], "note": "mine", "devices": [
      {"id": "climate.hall", "name": "Hall", "state": "heat;70F", "pin": 17}]})json");
  const std::string off = R"({"service": "climate.turn_off", "target_device": "climate.hall"})";
  const Words words = saying({"Fine.", "\n```homeassistant\n" + off + "\n```"});
  EXPECT_EQ(cria(with(words, {"--save", house_})).exit_code, 0);
  const Json house = Json::parse(read_file(house_), nullptr, false);
  EXPECT_EQ(house["note"], "mine");
  EXPECT_EQ(house["devices"][0]["pin"], 17);
  EXPECT_EQ(house["devices"][0]["state"], "off");
  EXPECT_EQ(house["devices"][0]["last_on"], "heat;70F");
}

TEST_F(AlCommand, NothingIsSavedWhereTheAnswerCouldNotBeWritten) {
  const std::string saved = folder_ + "/saved.json";
  const ProcessResult result = cria(with(saying({"As you like.", two_calls_}), {"--save", saved}),
                                    {.stdout_path = "/dev/full"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(saved));
}

TEST_F(AlCommand, AReplyThatTheContextCutsOffIsNotObeyed) {
  const Words words =
      saying({"As you like.", std::string("\n```homeassistant\n") + kDim + "\n", "```"});
  const Json whole = Json::parse(cria(with(words, {"--json"})).out, nullptr, false);
  ASSERT_FALSE(whole.is_discarded());
  EXPECT_EQ(whole["calls"].size(), 1u);
  const std::string n_ctx = std::to_string(whole["timings"]["n_prompt"].get<int>() + 1);
  const ProcessResult result = cria(with(words, {"-c", n_ctx}));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "As you like.\n");
  EXPECT_NE(result.err.find("the context of " + n_ctx + " tokens is full"), std::string::npos)
      << result.err;
  EXPECT_NE(result.err.find("the block is cut off"), std::string::npos) << result.err;
}

TEST_F(AlCommand, WordsCannotSendEscapeSequences) {
  EXPECT_EQ(cria(saying({"Fine \x1b[31m.", "\nB."})).out, "Fine \\u001b[31m.\nB.\n");
}

TEST_F(AlCommand, EmptyNamesOfFilesAreRefused) {
  Words words = saying({"Hello."});
  const ProcessResult save = cria(with(words, {"--save", ""}));
  EXPECT_EQ(save.exit_code, 2);
  words[4] = "";
  const ProcessResult house = cria(words);
  EXPECT_EQ(house.exit_code, 2);
  EXPECT_NE(house.err.find("--house"), std::string::npos) << house.err;
}

TEST_F(AlCommand, RequestComesFromStandardInputToo) {
  Words words = saying({"Hello."});
  words.resize(words.size() - 2);
  EXPECT_EQ(cria(words, {.input = "hello\n"}).out, "Hello.\n");
  const ProcessResult empty = cria(words);
  EXPECT_EQ(empty.exit_code, 2);
  EXPECT_NE(empty.err.find("standard input is empty"), std::string::npos) << empty.err;
}

TEST_F(AlCommand, BadHousesAreRefusedWithFileAndField) {
  const Words words = saying({"Hello."});
  write_file(house_, R"({"services": [], "devices": [{"id": "light.x", "name": 3}]})");
  const ProcessResult result = cria(words);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find(house_ + ": devices[0].name: "), std::string::npos) << result.err;
  std::filesystem::remove(house_);
  EXPECT_NE(cria(words).err.find(house_), std::string::npos);
}

TEST_F(AlCommand, AnotherModelIsUsedWithAWarning) {
  write_canned_al({"Hi."}, model_, "Somebody");
  const ProcessResult result = cria({"al", "-m", model_, "--house", house_, "-p", "x"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "Hi.\n");
  EXPECT_NE(result.err.find("is not Al"), std::string::npos) << result.err;
}

// What follows needs the model that ships.
class RealAl : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(source_dir() + "/../models/al-q8_0.gguf")) {
      GTEST_SKIP() << "no models/al-q8_0.gguf";
    }
  }
};

TEST_F(RealAl, TurnsOnTheKitchenLightOfTheDemoHouse) {
  const ProcessResult result =
      cria({"al", "-p", "turn on the kitchen light at 40 percent", "--calls"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, std::string(kDim) + "\n");
}

TEST_F(RealAl, DemoHouseTakesLessThan300Tokens) {
  const ProcessResult result = cria({"al", "-p", "hello", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json answer = Json::parse(result.out, nullptr, false);
  EXPECT_LT(answer["timings"]["n_prompt"].get<int>(), 300);
  EXPECT_EQ(answer["calls"], Json::array());
}

TEST_F(RealAl, RunContinuesARawText) {
  const ProcessResult result = cria({"run", "-p", "The ", "-n", "4", "--temp", "0"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
}

// Its replies repeat names of the house: most guesses come true.
TEST_F(RealAl, GuessingAheadChangesNoAnswer) {
  const std::string model = source_dir() + "/../models/al-q8_0.gguf";
  for (const char* request : {"turn on the kitchen light at 40 percent", "lock every door"}) {
    const Words words = {"chat", model, "-p", request, "--temp", "1", "--seed", "3"};
    Words guessing = words;
    guessing.insert(guessing.end(), {"--lookup", "-md", model});
    const ProcessResult plain = cria(words);
    EXPECT_EQ(plain.exit_code, 0) << plain.err;
    EXPECT_EQ(cria(guessing).out, plain.out);
  }
}

// data/al_golden.jsonl: a line for each request to the demo house, {"request", "says", "calls"}, as
// `cria al --json --isa scalar` answered when the model was made.
TEST_F(RealAl, GoldenAnswersOnTheScalarTable) {
  const std::string path = source_dir() + "/data/al_golden.jsonl";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  std::ifstream file(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (is_emulated() && number > 2) break;  // seconds each
    const Json golden = Json::parse(line, nullptr, false);
    ASSERT_FALSE(golden.is_discarded()) << path << ":" << number;
    const ProcessResult result =
        cria({"al", "--json", "--isa", "scalar", "-p", golden["request"].get<std::string>()});
    const Json answer = Json::parse(result.out, nullptr, false);
    ASSERT_FALSE(answer.is_discarded()) << path << ":" << number << " " << result.err;
    EXPECT_EQ(answer["says"], golden["says"]) << golden["request"];
    EXPECT_EQ(answer["calls"], golden["calls"]) << golden["request"];
  }
}

}  // namespace
}  // namespace cria::testing
