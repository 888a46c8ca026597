// Lookups against a search through the whole text, and taking tokens away again.
#include "engine/speculate_lookup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace cria::engine {
namespace {

// The longest end of text that stands somewhere before, found by trying all places.
int longest_match(std::span<const TokenId> text) {
  int best = 0;
  for (size_t next = 1; next < text.size(); ++next) {
    int length = 0;
    while (static_cast<size_t>(length) < next && length < NgramIndex::kMaxMatch &&
           text[next - 1 - static_cast<size_t>(length)] ==
               text[text.size() - 1 - static_cast<size_t>(length)]) {
      ++length;
    }
    best = std::max(best, length);
  }
  return best;
}

void expect_real(const NgramIndex::Match& match, std::span<const TokenId> text) {
  ASSERT_GT(match.next, 0);
  ASSERT_LT(match.next, static_cast<int64_t>(text.size()));
  const auto length = static_cast<size_t>(match.length);
  ASSERT_LE(length, static_cast<size_t>(match.next));
  EXPECT_TRUE(
      std::equal(text.end() - match.length, text.end(), text.begin() + match.next - match.length));
}

TEST(NgramIndex, FindsWhatASearchFinds) {
  for (const int n_ids : {3, 20, 300}) {
    std::mt19937 random(static_cast<unsigned>(n_ids));
    NgramIndex index(2000);
    for (int i = 0; i < 400; ++i) {
      const NgramIndex::Match match = index.find();
      const int longest = longest_match(index.tokens());
      if (longest < NgramIndex::kShortest) {
        EXPECT_EQ(match.length, 0);
      } else {
        // Of many places only some are looked at, but never for a shorter n-gram than there is.
        EXPECT_GE(match.length, std::min(longest, NgramIndex::kLongest)) << i << " of " << n_ids;
        EXPECT_LE(match.length, longest);
        expect_real(match, index.tokens());
      }
      index.push(static_cast<TokenId>(random() % static_cast<unsigned>(n_ids)));
    }
  }
}

TEST(NgramIndex, TakenAwayIsAsNeverAdded) {
  std::mt19937 random(7);
  NgramIndex index(500);
  for (int round = 0; round < 200; ++round) {
    const auto n = static_cast<int64_t>(index.tokens().size());
    index.pop_to(n - static_cast<int64_t>(random() % static_cast<unsigned>(n / 2 + 1)));
    for (int i = 0; i < 5; ++i) index.push(static_cast<TokenId>(random() % 4));
    NgramIndex fresh(500);
    for (const TokenId id : index.tokens()) fresh.push(id);
    EXPECT_EQ(index.find().next, fresh.find().next);
    EXPECT_EQ(index.find().length, fresh.find().length);
  }
}

TEST(NgramIndex, BecomesAnotherText) {
  NgramIndex index(100);
  const std::vector<TokenId> first = {1, 2, 3, 4, 5, 1, 2}, second = {1, 2, 3, 9, 9, 1, 2};
  index.become(first);
  EXPECT_EQ(index.find().next, 2);
  index.become(second);
  EXPECT_TRUE(
      std::equal(index.tokens().begin(), index.tokens().end(), second.begin(), second.end()));
  std::vector<TokenId> guess(3);
  index.copy(index.find(), guess);
  EXPECT_EQ(guess, (std::vector<TokenId>{3, 9, 9}));
  index.become({});
  EXPECT_EQ(index.find().length, 0);
}

TEST(NgramIndex, TheLongerMatchBeatsTheLater) {
  NgramIndex index(100);
  index.become(std::vector<TokenId>{1, 2, 3, 4, 5, 70, 2, 3, 4, 80, 9, 1, 2, 3, 4});
  std::vector<TokenId> guess(1);
  index.copy(index.find(), guess);
  EXPECT_EQ(guess[0], 5);
  index.become(std::vector<TokenId>{1, 2, 50, 8, 1, 2, 60, 9, 1, 2});
  index.copy(index.find(), guess);
  EXPECT_EQ(guess[0], 60) << "of equals the latest";
}

TEST(NgramIndex, APeriodGoesOn) {
  NgramIndex index(100);
  index.become(std::vector<TokenId>{7, 8, 9, 7, 8, 9, 7});
  std::vector<TokenId> guess(8);
  index.copy(index.find(), guess);
  EXPECT_EQ(guess, (std::vector<TokenId>{8, 9, 7, 8, 9, 7, 8, 9}));
}

TEST(NgramIndex, TinyTexts) {
  NgramIndex index(1);
  EXPECT_EQ(index.find().length, 0);
  index.push(5);
  EXPECT_EQ(index.find().length, 0);
  index.push(5);
  index.push(5);
  EXPECT_EQ(index.find().length, 2);
  index.pop_to(0);
  EXPECT_TRUE(index.tokens().empty());
}

}  // namespace
}  // namespace cria::engine
