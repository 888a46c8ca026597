#include "text/piece_matcher.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace cria::text {
namespace {

std::string random_word(std::mt19937& rng, size_t max_bytes) {
  std::string word(1 + rng() % max_bytes, ' ');
  for (char& c : word) c = "a\xFF\0"[rng() % 3];
  return word;
}

TEST(PieceMatcher, TheLongestPieceWinsAndTheFirstOfEqualOnes) {
  std::mt19937 rng(22);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> words(rng() % 12);
    std::vector<PieceMatcher::Spelling> spellings;
    for (size_t i = 0; i < words.size(); ++i) {
      words[i] = random_word(rng, 5);
      spellings.push_back({words[i], static_cast<TokenId>(i)});
    }
    PieceMatcher matcher;
    matcher.fill(spellings);
    const std::string text = random_word(rng, 8);
    PieceMatcher::Match expected;
    for (size_t i = 0; i < words.size(); ++i) {
      const bool longer = words[i].size() > expected.n_bytes;
      if (longer && text.starts_with(words[i])) expected = {words[i].size(), spellings[i].id};
    }
    const PieceMatcher::Match found = matcher.longest_prefix(text);
    ASSERT_EQ(found.n_bytes, expected.n_bytes) << "round " << round;
    ASSERT_EQ(found.id, expected.id) << "round " << round;
  }
}

TEST(PieceMatcher, EmptyAndLongPiecesAreNotTaken) {
  EXPECT_FALSE(PieceMatcher::takes(""));
  EXPECT_TRUE(PieceMatcher::takes(std::string(PieceMatcher::kMaxPieceBytes, 'x')));
  EXPECT_FALSE(PieceMatcher::takes(std::string(PieceMatcher::kMaxPieceBytes + 1, 'x')));
  EXPECT_EQ(PieceMatcher().longest_prefix("x").n_bytes, 0u);
}

}  // namespace
}  // namespace cria::text
