#include "test_case.h"

#include <gtest/gtest.h>

#include "support/shared_data.h"

namespace cria::score {
namespace {

constexpr const char* kHead =
    R"json({"category": "set", "house": {"services": ["light.turn_on(brightness)"],
        "devices": [{"id": "light.k", "name": "K", "state": "off"}]}, )json";
constexpr const char* kMessages = R"("messages": [{"role": "user", "content": "x"}])";

TEST(TestCase, ReadsAllFields) {
  const auto test = parse_case(std::string(kHead) + R"("axes": ["seen", "new_verbs"], "messages": [
          {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
          {"role": "user", "content": "c"}],
          "calls": [{"service": "light.turn_on", "target_device": "light.k", "brightness": 40}],
          "says": ["off"], "says_any": ["no"], "says_not": ["yes"]})",
                               "f:1", "f");
  ASSERT_TRUE(test.ok()) << test.status().message();
  EXPECT_EQ(test->axes, (std::vector<std::string>{"seen", "new_verbs"}));
  EXPECT_EQ(test->category, "set");
  EXPECT_EQ(test->house.devices.size(), 1u);
  EXPECT_EQ(test->messages.size(), 3u);
  EXPECT_EQ(test->calls.size(), 1u);
  EXPECT_EQ(test->says_not.size(), 1u);
}

TEST(TestCase, FileIsTheAxisWhereNoneIsNamed) {
  const std::string path = testing::temporary_dir() + "/my_axis.jsonl";
  const std::string line = std::string(kHead) + kMessages + R"(, "calls": []})";
  std::string joined;
  for (const char c : line) joined += c == '\n' ? ' ' : c;
  testing::write_file(path, joined + "\n\n" + joined);
  const auto cases = load_cases(path);
  ASSERT_TRUE(cases.ok()) << cases.status().message();
  ASSERT_EQ(cases->size(), 2u);
  EXPECT_EQ((*cases)[1].axes, std::vector<std::string>{"my_axis"});
  testing::write_file(path, joined + "\n\n{}\n");
  EXPECT_NE(load_cases(path).status().message().find("my_axis.jsonl:3: category"),
            std::string::npos);
  EXPECT_EQ(load_cases(path + "x").status().code(), StatusCode::not_found);
  EXPECT_EQ(load_cases(testing::temporary_dir()).status().code(), StatusCode::io_error);
  testing::write_file(path, "\n\n");
  EXPECT_NE(load_cases(path).status().message().find("holds no case"), std::string::npos);
}

TEST(TestCase, WhatIsWrongIsNamed) {
  const auto expect_refused = [](const std::string& line, const std::string& mentions) {
    const auto test = parse_case(line, "f:7", "f");
    ASSERT_FALSE(test.ok()) << line;
    EXPECT_NE(test.status().message().find("f:7: " + mentions), std::string::npos)
        << test.status().message();
  };
  const std::string head = kHead;
  expect_refused("", "is no JSON: line 1, column 1");
  expect_refused("[]", "is no JSON object");
  expect_refused("{}", "category");
  expect_refused(R"({"category": "x"})", "category: found \"x\", expected one of on_off, ");
  expect_refused(R"({"category": "set"})", "house");
  expect_refused(R"({"category": "set", "house": {}})", "services");
  expect_refused(R"({"category": "set", "house": {"x": )" + std::string(200000, '[') +
                     std::string(200000, ']') + "}}",
                 "is nested deeper than 16 levels");
  expect_refused(head + kMessages + R"(, "calls": [], "axes": ["seen", "sene"]})",
                 "axes: found \"sene\", expected one of seen, ");
  expect_refused(head + R"("messages": []})", "messages");
  expect_refused(head + R"("messages": [{"role": "assistant", "content": "x"}]})", "messages");
  expect_refused(head + kMessages + "}", "calls");
  expect_refused(head + kMessages + R"(, "calls": [{"service": "x"}]})", "calls");
  expect_refused(head + kMessages + R"(, "calls": [], "says": "x"})", "says");
  expect_refused(head + kMessages + R"(, "calls": [], "says_not": [3]})", "says_not");
}

TEST(TestCase, HandWrittenSetIsReadable) {
  const auto cases = load_cases(testing::source_dir() + "/../models/al/tests/hand_written.jsonl");
  ASSERT_TRUE(cases.ok()) << cases.status().message();
  EXPECT_EQ(cases->size(), 200u);
  for (const TestCase& test : *cases) {
    for (const house::Call& call : test.calls) {
      const Status status = house::check_call(test.house, call);
      EXPECT_TRUE(status.ok()) << test.messages.back().content << ": " << status.message();
    }
  }
}

}  // namespace
}  // namespace cria::score
