// score_al on a model that gives one fixed reply.
#include "cli/program.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "player.h"
#include "support/canned_al.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

constexpr const char* kCall = R"({"service": "light.turn_on", "target_device": "light.k"})";

class ScoreAl : public ::testing::Test {
 protected:
  void SetUp() override {
    write_canned_al({"Turning on the K.", std::string("\n```homeassistant\n") + kCall + "\n```"},
                    folder_ + "/al.gguf");
  }
  static std::string test_case(const std::string& category, const std::string& more) {
    return R"({"category": ")" + category +
           R"json(", "house": {"services": ["light.turn_on()"], "devices": [{"id": "light.k", )json"
           R"("name": "K", "state": "off"}]}, "messages": [{"role": "user", "content": "do )" +
           category + "\"}], " + more + "}\n";
  }
  ProcessResult score(const Words& more) {
    Words words = {folder_ + "/al.gguf", folder_ + "/one.jsonl"};
    words.insert(words.end(), more.begin(), more.end());
    return run_process(program_words(CRIA_SCORE_AL, words), clean_environment());
  }
  void write_cases() {
    write_file(
        folder_ + "/one.jsonl",
        test_case("on_off", std::string("\"calls\": [") + kCall + "]") +
            test_case("set", std::string("\"calls\": [") + kCall + "], \"says\": [\"off\"]") +
            test_case("state", R"("axes": ["seen"], "calls": [], "says": ["off"])") +
            test_case("ask_back", R"("axes": ["seen"], "calls": [], "says": ["?"])"));
  }

  const std::string folder_ = temporary_dir();
};

TEST_F(ScoreAl, CountsAndListsWhatIsWrong) {
  write_cases();
  const std::string failures = folder_ + "/failures.tsv";
  const ProcessResult result = score({"--json", "-t", "2", "--failures", failures});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out, nullptr, false);
  ASSERT_FALSE(json.is_discarded()) << result.out;
  EXPECT_EQ(json["all"]["cases"], 4);
  EXPECT_EQ(json["all"]["right"]["n_right"], 1);
  EXPECT_EQ(json["all"]["calls"]["n_right"], 2);
  EXPECT_EQ(json["all"]["json"]["percent"], 100);
  EXPECT_EQ(json["axes"]["seen"]["cases"], 2);
  EXPECT_EQ(json["axes"]["one"]["cases"], 2);
  EXPECT_EQ(json["all"]["n_generated"], 8);
  const std::string lines = read_file(failures);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
  EXPECT_NE(lines.find("set\tdo set\t" + std::string(kCall) +
                       " says: \"off\"\tTurning on the K.\\n```homeassistant\\n" + kCall +
                       "\\n```\tdoes not say \"off\"\n"),
            std::string::npos)
      << lines;
}

TEST_F(ScoreAl, TableIsTheSameForAnyNumberOfThreads) {
  write_cases();
  const auto without_speed = [](std::string text) {
    std::string out;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      out += text.substr(begin, std::min<size_t>(end - begin, 70)) + "\n";
      begin = end + 1;
    }
    return out;
  };
  const ProcessResult one = score({"-t", "1"});
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_NE(one.out.find("ask_back"), std::string::npos) << one.out;
  EXPECT_EQ(without_speed(one.out), without_speed(score({"-t", "3"}).out));
}

TEST_F(ScoreAl, CaseBeyondTheContextIsWrongAndNotTheEnd) {
  std::string devices;
  for (int i = 0; i < 300; ++i) {
    devices += R"({"id": "light.k)" + std::to_string(i) + R"(", "name": "K", "state": "off"},)";
  }
  devices.pop_back();
  write_file(folder_ + "/one.jsonl",
             R"({"category": "on_off", "house": {"services": [], "devices": [)" + devices +
                 R"(]}, "messages": [{"role": "user", "content": "x"}], "calls": []})" + "\n");
  const ProcessResult result = score({"--json", "--failures", folder_ + "/f"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("1 of 1 cases could not be played and count as wrong; the first: " +
                            folder_ + "/one.jsonl:1: "),
            std::string::npos)
      << result.err;
  EXPECT_EQ(Json::parse(result.out, nullptr, false)["all"]["right"]["n_right"], 0);
  EXPECT_NE(read_file(folder_ + "/f").find("the context is full"), std::string::npos);
}

TEST_F(ScoreAl, WrongFilesAreNamed) {
  write_file(folder_ + "/one.jsonl", "{}\n");
  const ProcessResult broken = score({});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_NE(broken.err.find("one.jsonl:1"), std::string::npos) << broken.err;
  EXPECT_EQ(score({"--bogus"}).exit_code, 2);
  write_file(folder_ + "/one.jsonl", "\n");
  EXPECT_EQ(score({}).exit_code, 1);
  EXPECT_EQ(score({folder_}).exit_code, 1);
}

TEST_F(ScoreAl, ProgressIsTheNumberOfCasesDone) {
  write_cases();
  const auto cases = score::load_cases(folder_ + "/one.jsonl");
  const auto model = Model::open(folder_ + "/al.gguf");
  ASSERT_TRUE(cases.ok() && model.ok());
  std::vector<size_t> done;
  score::PlayOptions options;
  options.on_progress = [&done](size_t n_done) { done.push_back(n_done); };
  ASSERT_TRUE(score::play(*model, *cases, options).ok());
  EXPECT_EQ(done, (std::vector<size_t>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace cria::testing
