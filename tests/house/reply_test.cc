// Replies taken apart, whole and in pieces, and what a house makes of them.
#include "house/reply.h"

#include <gtest/gtest.h>

#include <utility>

#include "house/house_json.h"

namespace cria::house {
namespace {

constexpr const char* kLine = R"({"service": "light.toggle", "target_device": "light.k"})";
constexpr const char* kOther = R"({"service": "light.toggle", "target_device": "light.z"})";

std::string block(const std::string& lines) { return "```homeassistant\n" + lines + "\n```"; }

TEST(Reply, WordsAndCallsArePartedAtTheFences) {
  const Reply reply = split_reply("Toggling the K.\n" + block(std::string(kLine) + "\n" + kOther));
  EXPECT_EQ(reply.says, "Toggling the K.");
  EXPECT_EQ(reply.lines, (std::vector<std::string>{kLine, kOther}));
  EXPECT_EQ(reply.block_problem, "");
  const auto calls = parse_calls(reply);
  ASSERT_TRUE(calls.ok()) << calls.status().message();
  EXPECT_EQ(calls->size(), 2u);
}

TEST(Reply, WithoutABlockIsWordsOnly) {
  for (const char* text : {"", "Hello.", "Two\nlines.", "A `tick` and ``two``.",
                           "Not at the start: ```x", "Two\n``ticks", "\n\nx"}) {
    const Reply reply = split_reply(text);
    EXPECT_EQ(reply.says, text);
    EXPECT_FALSE(reply.has_block) << text;
    EXPECT_TRUE(parse_calls(reply).ok());
  }
  EXPECT_EQ(split_reply("Hello.\n").says, "Hello.");
}

TEST(Reply, BlockMayBeAllAndMayBeFollowedByWords) {
  EXPECT_EQ(split_reply(block(kLine)).says, "");
  EXPECT_EQ(split_reply(block(kLine)).lines.size(), 1u);
  EXPECT_EQ(split_reply("A.\n" + block(kLine) + "\nB.").says, "A.\nB.");
  EXPECT_EQ(split_reply(block(kLine) + "\nB.\n").says, "B.");
}

TEST(Reply, BlocksThatAreCutOrLabelledOtherwiseAreNotWhole) {
  for (const std::string& text : {std::string("A.\n```"), std::string("A.\n```homeassistant"),
                                  std::string("A.\n```homeassistant\n") + kLine,
                                  "A.\n```homeassistant\n" + std::string(kLine) + "\n``",
                                  "A.\n```json\n" + std::string(kLine) + "\n```",
                                  "A.\n``` homeassistant\n" + std::string(kLine) + "\n```"}) {
    const Reply reply = split_reply(text);
    EXPECT_EQ(reply.says, "A.");
    EXPECT_TRUE(reply.has_block);
    EXPECT_FALSE(parse_calls(reply).ok()) << text;
  }
  EXPECT_FALSE(parse_calls(split_reply(block("turn on"))).ok());
  EXPECT_TRUE(parse_calls(split_reply(block(""))).ok()) << "no calls, but a block";
}

TEST(Reply, PiecesOfAnySizeGiveTheSame) {
  for (const std::string& text :
       {"A.\n" + block(kLine), "A\n`b\n``c\n\n" + block(kLine) + "\n\nB.\n", block(kLine),
        std::string("\n\n`\n"), std::string("A.\n```hom")}) {
    const Reply whole = split_reply(text);
    for (size_t n = 1; n < text.size(); ++n) {
      ReplySplitter splitter;
      std::string says;
      for (size_t i = 0; i < text.size(); i += n) says += splitter.feed(text.substr(i, n));
      says += splitter.finish();
      EXPECT_EQ(says, whole.says) << text << " in pieces of " << n;
      EXPECT_EQ(splitter.says(), whole.says);
      EXPECT_EQ(splitter.lines(), whole.lines);
      EXPECT_EQ(splitter.block_problem(), whole.block_problem);
    }
  }
}

TEST(Reply, ObeyDoesWhatCanBeDoneAndSaysWhyNotTheRest) {
  auto house = read_house(R"json({"services": ["light.toggle()"],
      "devices": [{"id": "light.k", "name": "K", "state": "off"}]})json",
                          "house");
  ASSERT_TRUE(house.ok());
  const Outcome outcome =
      obey(*house, split_reply(block(std::string(kLine) + "\n" + kOther + "\n{\n" + kLine)));
  ASSERT_EQ(outcome.calls.size(), 2u);
  EXPECT_EQ(call_text(outcome.calls[0]), kLine);
  ASSERT_EQ(outcome.changes.size(), 2u);
  EXPECT_EQ(change_text(outcome.changes[0]), "K: off -> on");
  EXPECT_EQ(change_text(outcome.changes[1]), "K: on -> off");
  ASSERT_EQ(outcome.refused.size(), 2u);
  EXPECT_NE(outcome.refused[0].find("no device \"light.z\""), std::string::npos);
  EXPECT_NE(outcome.refused[1].find("no JSON"), std::string::npos);
}

TEST(Reply, NothingIsDoneOfABlockThatIsNotWhole) {
  const std::string cut = std::string("```homeassistant\n") + kLine;
  const std::pair<std::string, std::string> blocks[] = {
      {cut, "cut off"},
      {cut + "\n``", "cut off"},
      {"```json\n" + std::string(kLine) + "\n```", "label homeassistant"},
      {block(kLine) + "\n" + block(kLine), "2 blocks"}};
  for (const auto& [text, reason] : blocks) {
    auto house = read_house(R"json({"services": ["light.toggle()"],
        "devices": [{"id": "light.k", "name": "K", "state": "off"}]})json",
                            "house");
    ASSERT_TRUE(house.ok());
    const Outcome outcome = obey(*house, split_reply("A.\n" + text));
    EXPECT_TRUE(outcome.calls.empty()) << text;
    EXPECT_EQ(house->devices[0].state, "off") << text;
    ASSERT_FALSE(outcome.refused.empty()) << text;
    EXPECT_NE(outcome.refused[0].find(reason), std::string::npos) << outcome.refused[0];
    EXPECT_EQ(outcome.refused[0].rfind(kLine, 0), 0u) << outcome.refused[0];
  }
}

}  // namespace
}  // namespace cria::house
