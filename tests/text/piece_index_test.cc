#include "text/piece_index.h"

#include <gtest/gtest.h>

#include <ctime>
#include <map>
#include <random>

namespace cria::text {
namespace {

TEST(PieceIndex, FindsTheFirstOfEqualPiecesAndNothingElse) {
  std::mt19937 rng(21);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> pieces(rng() % 200);
    std::map<std::string, TokenId> expected;
    for (size_t i = 0; i < pieces.size(); ++i) {
      for (auto n = rng() % 5; n > 0; --n) pieces[i] += static_cast<char>(rng() % 3 * 100);
      expected.try_emplace(pieces[i], static_cast<TokenId>(i));
    }
    PieceIndex index;
    index.fill(pieces);
    for (const auto& [piece, id] : expected) ASSERT_EQ(index.find(pieces, piece), id);
    for (const char* absent : {"x", "xyz", "absent"}) ASSERT_EQ(index.find(pieces, absent), -1);
    ASSERT_EQ(index.find(pieces, "") != -1, expected.contains(""));
  }
}

TEST(PieceIndex, BeforeItIsFilledItFindsNothing) { EXPECT_EQ(PieceIndex().find({}, "a"), -1); }

// "Aa" and "BB" have the same hash (65 * 31 + 97 = 66 * 31 + 66), and so has any row of them.
TEST(PieceIndex, PiecesThatCollideCostALogarithm) {
  std::vector<std::string> pieces(1 << 17);
  for (size_t i = 0; i < pieces.size(); ++i) {
    for (unsigned bit = 0; bit < 17; ++bit) pieces[i] += (i >> bit & 1) != 0 ? "Aa" : "BB";
  }
  const std::clock_t start = std::clock();
  PieceIndex index;
  index.fill(pieces);
  for (size_t i = 0; i < pieces.size(); ++i) {
    ASSERT_EQ(index.find(pieces, pieces[i]), static_cast<TokenId>(i));
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_LT(seconds, 5.0) << "a list of them all would take minutes";
}

}  // namespace
}  // namespace cria::text
