#include "verdict.h"

#include <gtest/gtest.h>

namespace cria::score {
namespace {

TEST(Occurs, LettersStandAlone) {
  EXPECT_TRUE(occurs("The fan is off, so no.", "OFF"));
  EXPECT_TRUE(occurs("It is off", "off"));
  EXPECT_TRUE(occurs("off", "off"));
  EXPECT_FALSE(occurs("The Office Fan is on.", "off"));
  EXPECT_FALSE(occurs("I now know.", "no"));
  EXPECT_TRUE(occurs("I now know no.", "no")) << "a later place counts";
  EXPECT_FALSE(occurs("lamp2 is on", "lamp"));
  EXPECT_TRUE(occurs("No, it isn't.", "isn't"));
  EXPECT_FALSE(occurs("It isn't so",
                      "isn"
                      "'ty"));
  EXPECT_FALSE(
      occurs("die K\xc3\xbc"
             "che",
             "k"));
  EXPECT_TRUE(
      occurs("die K\xc3\xbc"
             "che",
             "k\xc3\xbc"
             "che"));
}

TEST(Occurs, NumbersAreWhole) {
  EXPECT_TRUE(occurs("It is at 21.5C.", "21.5"));
  EXPECT_FALSE(occurs("It is at 21.5C.", "21"));
  EXPECT_FALSE(occurs("It is at 21.5C.", "5"));
  EXPECT_FALSE(occurs("It is at 1.5C.", "5"));
  EXPECT_TRUE(occurs("It is at 21C.", "21"));
  EXPECT_TRUE(occurs("It is 21.", "21"));
  EXPECT_TRUE(occurs("It is 21. 5 more.", "21"));
  EXPECT_FALSE(occurs("It is 210.", "21"));
  EXPECT_FALSE(occurs("It is 121.", "21"));
  EXPECT_TRUE(occurs("at 80%", "80%"));
  EXPECT_FALSE(occurs("at 180%", "80%"));
}

TEST(Occurs, MarksNeedNoBoundary) {
  EXPECT_TRUE(occurs("Which one?", "?"));
  EXPECT_TRUE(occurs("There is no lamp.", "no "));
  EXPECT_FALSE(occurs("There is no", "no "));
  EXPECT_TRUE(occurs("anything", ""));
  EXPECT_FALSE(occurs("", "x"));
}

TestCase make_case(const std::string& more) {
  const auto test = parse_case(R"({"category": "on_off", "house": {"services": [], "devices": []},
      "messages": [{"role": "user", "content": "x"}], )" +
                                   more + "}",
                               "test", "axis");
  EXPECT_TRUE(test.ok()) << test.status().message();
  return test.ok() ? *test : TestCase();
}

constexpr const char* kCalls = R"("calls": [
    {"service": "a.on", "target_device": "a.b", "x": 21}, {"service": "a.off", "target_device": "a.c"}])";

TEST(Judge, CallsAreRightInAnyOrderAndByValue) {
  const TestCase test = make_case(kCalls);
  const std::string on = R"({"service": "a.on", "target_device": "a.b", "x": 21.0})";
  const std::string off = R"({"service": "a.off", "target_device": "a.c"})";
  const auto judged = [&](const std::string& lines) {
    return judge(test, "Yes.\n```homeassistant\n" + lines + "\n```");
  };
  EXPECT_TRUE(judged(off + "\n" + on).right());
  EXPECT_EQ(judged(off + "\n" + on).reason, "");
  EXPECT_FALSE(judged(on).right());
  EXPECT_FALSE(judged(on + "\n" + on + "\n" + off).right());
  EXPECT_TRUE(judged(on).block_parses);
  EXPECT_FALSE(judged("{").block_parses);
  EXPECT_FALSE(judge(test, "Yes.\n```homeassistant\n" + on + "\n" + off).calls_right) << "cut off";
  EXPECT_FALSE(judge(test, "Yes.").right());
  EXPECT_FALSE(judge(test, "Yes.").has_block);
}

TEST(Judge, WordsAreThoseOutsideTheBlock) {
  const TestCase test = make_case(
      R"("calls": [], "says": ["off"], "says_any": ["can't", "cannot"], "says_not": ["on"])");
  EXPECT_TRUE(judge(test, "It is off, I can't.").right());
  EXPECT_TRUE(judge(test, "It is OFF, I cannot.").right());
  EXPECT_FALSE(judge(test, "It is off.").right());
  EXPECT_FALSE(judge(test, "I can't.").right());
  EXPECT_FALSE(judge(test, "It is off and on, I can't.").right());
  EXPECT_FALSE(judge(test, "I can't.\n```homeassistant\noff\n```").words_right);
  EXPECT_EQ(judge(test, "It is off.").reason, "says none of says_any");
}

TEST(Judge, AReplyWithoutWordsIsWrong) {
  const TestCase test = make_case("\"calls\": []");
  EXPECT_TRUE(judge(test, "Hello.").right());
  for (const char* text : {"", " \n"}) {
    EXPECT_FALSE(judge(test, text).right());
    EXPECT_EQ(judge(test, text).reason, "says nothing");
  }
}

TEST(Judge, ABlockIsForCallsAndThereIsOneOfThem) {
  const std::string fence = "\n```homeassistant\n";
  const std::string on = R"({"service": "a.on", "target_device": "a.b", "x": 21})";
  const std::string off = R"({"service": "a.off", "target_device": "a.c"})";
  const TestCase none = make_case("\"calls\": []");
  EXPECT_FALSE(judge(none, "Yes." + fence + "```").right());
  EXPECT_EQ(judge(none, "Yes." + fence + "```").reason, "a block where no call is expected");
  const TestCase two = make_case(kCalls);
  EXPECT_TRUE(judge(two, "Yes." + fence + on + "\n" + off + "\n```").right());
  EXPECT_FALSE(judge(two, "Yes." + fence + on + "\n```" + fence + off + "\n```").right());
  EXPECT_FALSE(judge(two, "Yes.\n```json\n" + on + "\n" + off + "\n```").right());
  const std::string twice = R"({"service": "a.on", "target_device": "a.b", "x": 3, "x": 21})";
  EXPECT_FALSE(judge(two, "Yes." + fence + twice + "\n" + off + "\n```").right());
}

}  // namespace
}  // namespace cria::score
