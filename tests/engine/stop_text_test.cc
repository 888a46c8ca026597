#include "engine/stop_text.h"

#include <gtest/gtest.h>

namespace cria::engine {
namespace {

// Pushes text in pieces of n bytes; "|" marks the end by a stop text.
std::string shown(const std::vector<std::string>& stops, const std::string& text, size_t n) {
  StopText filter(stops);
  std::string out;
  for (size_t i = 0; i < text.size(); i += n) {
    if (filter.push(text.substr(i, n), out)) return out + "|";
  }
  filter.finish(out);
  return out;
}

TEST(StopText, StopsWhateverThePiecesAre) {
  for (size_t n = 1; n < 12; ++n) {
    EXPECT_EQ(shown({"User:"}, "Hello. User: what", n), "Hello. |") << n;
    EXPECT_EQ(shown({"User:", "\n\n"}, "a\n\nUser:", n), "a|") << n;
    EXPECT_EQ(shown({"aab"}, "aaab", n), "a|") << n;
    EXPECT_EQ(shown({"User:"}, "Use the User", n), "Use the User") << n;
    EXPECT_EQ(shown({}, "anything", n), "anything") << n;
    EXPECT_EQ(shown({""}, "anything", n), "anything") << n;
  }
}

TEST(StopText, ShowsWhatIsCertainAtOnce) {
  StopText filter({"END"});
  std::string out;
  EXPECT_FALSE(filter.push("abcE", out));
  EXPECT_EQ(out, "abc");
  EXPECT_FALSE(filter.push("x", out));
  EXPECT_EQ(out, "abcEx");
}

TEST(StopText, TheFirstStopInTheTextWins) { EXPECT_EQ(shown({"zz", "b"}, "abzz", 4), "a|"); }

}  // namespace
}  // namespace cria::engine
