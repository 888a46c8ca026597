#include "text/stream_decoder.h"

#include <gtest/gtest.h>

#include "text/utf8.h"
#include "text_helpers.h"

namespace cria::text {
namespace {

// Pieces: <unk> <s> </s>, bytes from 3, then " a" as U+2581 a.
class StreamDecoderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = make_tokenizer(small_spm_vocabulary({"\xE2\x96\x81", "a",
                                                     "\xE2\x96\x81"
                                                     "a"}));
    ASSERT_TRUE(made.ok()) << made.status().message();
    tokenizer_ = std::move(made.value());
  }
  static TokenId byte(unsigned value) { return static_cast<TokenId>(3 + value); }
  static constexpr TokenId kSpaceA = 3 + 256 + 2;

  // What each push of these bytes shows, with '|' after each; then what finish adds.
  std::string stream(std::string_view bytes) {
    StreamDecoder decoder(*tokenizer_, false);
    std::string all;
    for (const char c : bytes) {
      EXPECT_TRUE(decoder.push(byte(static_cast<unsigned char>(c)), all).ok());
      all += '|';
    }
    decoder.finish(all);
    return all;
  }
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_F(StreamDecoderTest, CodePointsComeOutWhole) {
  EXPECT_EQ(stream("\xC3\xA9"), "|\xC3\xA9|");
  EXPECT_EQ(stream("\xE2\x82\xAC"), "||\xE2\x82\xAC|");
  EXPECT_EQ(stream("\xF0\x9F\x98\x80!"), "|||\xF0\x9F\x98\x80|!|");
}

TEST_F(StreamDecoderTest, InvalidBytesBecomeReplacementsAsSoonAsCertain) {
  EXPECT_EQ(stream("\xFF"), "\xEF\xBF\xBD|");
  EXPECT_EQ(stream("\xE2\x82"
                   "a"),
            "||\xEF\xBF\xBD"
            "a|");
  EXPECT_EQ(stream("\xED\xA0\x80"), "|\xEF\xBF\xBD\xEF\xBF\xBD|\xEF\xBF\xBD|");
  EXPECT_EQ(stream("\xF0\xF0\x9F\x98\x80"), "|\xEF\xBF\xBD|||\xF0\x9F\x98\x80|");
}

TEST_F(StreamDecoderTest, FinishReplacesAnIncompleteCodePointOnce) {
  EXPECT_EQ(stream("\xF0\x9F\x98"), "|||\xEF\xBF\xBD");
  EXPECT_EQ(stream("a"), "a|");
}

TEST_F(StreamDecoderTest, AnyBytesGiveValidUtf8AndLoseNoValidOnes) {
  std::mt19937 rng(7);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random_text(rng, i % 2 == 0);
    StreamDecoder decoder(*tokenizer_, false);
    std::string out;
    for (const char c : text) {
      ASSERT_TRUE(decoder.push(byte(static_cast<unsigned char>(c)), out).ok());
      ASSERT_TRUE(is_valid_utf8(out));
    }
    decoder.finish(out);
    ASSERT_TRUE(is_valid_utf8(out));
    if (is_valid_utf8(text)) {
      ASSERT_EQ(out, text);
    }
  }
}

TEST_F(StreamDecoderTest, OnlyTheFirstTextTokenLosesItsSpace) {
  std::string out;
  StreamDecoder decoder(*tokenizer_, true);
  for (const TokenId id : {TokenId{1}, kSpaceA, kSpaceA}) {
    ASSERT_TRUE(decoder.push(id, out).ok());
  }
  EXPECT_EQ(out, "a a");
  out.clear();
  StreamDecoder inside(*tokenizer_, false);
  ASSERT_TRUE(inside.push(kSpaceA, out).ok());
  EXPECT_EQ(out, " a");
}

TEST_F(StreamDecoderTest, ASpaceByteIsNoDummyPrefix) {
  EXPECT_EQ(decode_all(*tokenizer_, {byte(' '), kSpaceA}), "  a");
}

TEST_F(StreamDecoderTest, ControlTokensShowOnRequest) {
  EXPECT_EQ(decode_all(*tokenizer_, {1, kSpaceA, 2}, true), "<s>a</s>");
  EXPECT_EQ(decode_all(*tokenizer_, {1, kSpaceA, 2}, false), "a");
}

TEST_F(StreamDecoderTest, IdsOutOfRangeAreRefused) {
  StreamDecoder decoder(*tokenizer_, true);
  std::string out;
  for (const TokenId id : {-1, tokenizer_->n_vocab(), INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(decoder.push(id, out).code(), StatusCode::invalid_argument);
  }
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace cria::text
