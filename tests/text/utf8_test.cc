#include "text/utf8.h"

#include <gtest/gtest.h>

namespace cria::text {
namespace {

TEST(Utf8, EveryCodePointSurvivesAppendAndStep) {
  for (uint32_t code_point = 0; code_point < 0x110000; ++code_point) {
    if (code_point >= 0xD800 && code_point < 0xE000) continue;
    std::string text;
    append_utf8(code_point, text);
    const Utf8Step step = utf8_step(text);
    ASSERT_TRUE(step.valid) << code_point;
    ASSERT_EQ(step.code_point, code_point);
    ASSERT_EQ(step.n_bytes, text.size());
  }
}

TEST(Utf8, SurrogatesOverlongFormsAndTooLargeAreInvalid) {
  for (const char* text : {"\xED\xA0\x80", "\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(text));
    EXPECT_EQ(utf8_step(text).n_bytes, 1u) << "table 3-8 takes one byte here";
    EXPECT_FALSE(utf8_step(text).incomplete);
  }
}

TEST(Utf8, InvalidStepsAreMaximalParts) {
  // The example of table 3-8: 61 F1 80 80 E1 80 C2 62 80 63 80 BF 64.
  std::string_view rest = "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64";
  std::string shape;
  while (!rest.empty()) {
    const Utf8Step step = utf8_step(rest);
    shape += step.valid ? 'v' : static_cast<char>('0' + step.n_bytes);
    rest.remove_prefix(step.n_bytes);
  }
  EXPECT_EQ(shape, "v321v1v11v");
}

TEST(Utf8, ACutSequenceIsIncompleteOnlyWhereItCouldBecomeValid) {
  EXPECT_TRUE(utf8_step("\xE2\x96").incomplete);
  EXPECT_TRUE(utf8_step("\xF0\x9F\x98").incomplete);
  EXPECT_FALSE(utf8_step("\xED\xA0").incomplete);
  EXPECT_FALSE(utf8_step("\xE2\x41").incomplete);
}

}  // namespace
}  // namespace cria::text
