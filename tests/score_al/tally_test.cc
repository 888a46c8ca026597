#include "tally.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace cria::score {
namespace {

// Expected values: R's prop.test(x, n, correct = FALSE).
TEST(Wilson, IntervalsAreThoseOfTheFormula) {
  const Interval most = wilson({.n = 10, .n_right = 9});
  EXPECT_NEAR(most.least, 0.5958, 1e-4);
  EXPECT_NEAR(most.most, 0.9821, 1e-4);
  const Interval none = wilson({.n = 10, .n_right = 0});
  EXPECT_NEAR(none.least, 0, 1e-9);
  EXPECT_NEAR(none.most, 0.2775, 1e-4);
  EXPECT_NEAR(wilson({.n = 10, .n_right = 10}).most, 1, 1e-9);
}

TestCase make_case(const std::string& category, bool has_calls) {
  TestCase test;
  test.axes = {"seen", "new_verbs"};
  test.category = category;
  if (has_calls) test.calls.resize(1);
  return test;
}

TEST(Score, CountsEachCaseInItsGroups) {
  const Verdict right = {
      .has_block = true, .block_parses = true, .calls_right = true, .words_right = true};
  const Verdict wrong_words = {.block_parses = true, .calls_right = true};
  const Verdict broken = {.has_block = true};
  Score score;
  score.add(make_case("set", true), right, 30, 0.5);
  score.add(make_case("set", true), broken, 10, 0.5);
  score.add(make_case("state", false), wrong_words, 20, 1);
  score.add(make_case("absent", false), right, 0, 0);
  score.add(make_case("ask_back", false), wrong_words, 0, 0);
  EXPECT_EQ(score.all.right.n, 5);
  EXPECT_EQ(score.all.right.n_right, 2);
  EXPECT_EQ(score.all.calls.n, 2);
  EXPECT_EQ(score.all.calls.n_right, 1);
  EXPECT_EQ(score.all.json.n, 3);
  EXPECT_EQ(score.all.json.n_right, 2);
  EXPECT_EQ(score.all.state.n, 1);
  EXPECT_EQ(score.all.state.n_right, 0);
  EXPECT_EQ(score.all.refusals.n_right, 1);
  EXPECT_EQ(score.all.ask_backs.n, 1);
  EXPECT_EQ(score.all.tokens_per_second(), 30);
  EXPECT_EQ(score.axes.size(), 2u);
  EXPECT_EQ(score.axes["new_verbs"].right.n, 5);
  EXPECT_EQ(score.categories["set"].right.n, 2);
  const auto json = nlohmann::json::parse(score_json(score), nullptr, false);
  EXPECT_EQ(json["categories"]["set"]["calls"]["percent"], 50);
  EXPECT_EQ(json["categories"]["set"]["state"], nullptr);
  EXPECT_EQ(json["all"]["cases"], 5);
}

TEST(Score, TableHasALineForEachGroup) {
  Score score;
  score.add(make_case("set", true), {.calls_right = true, .words_right = true}, 1, 1);
  const std::string table = score_table(score);
  for (const char* line : {"\n  new_verbs ", "\n  seen ", "\n  set ", "\nall "}) {
    EXPECT_NE(table.find(line), std::string::npos) << table;
  }
  const size_t width = table.find('\n');
  for (size_t begin = 0; begin < table.size();) {  // columns are where the heading says
    const size_t n_columns = table.find('\n', begin) - begin;
    EXPECT_TRUE(n_columns < 20 || n_columns == width) << table;
    begin += n_columns + 1;
  }
}

TEST(Score, NoCasesIsATableToo) { EXPECT_NE(score_table(Score()).find("all"), std::string::npos); }

}  // namespace
}  // namespace cria::score
