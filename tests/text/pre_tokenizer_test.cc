#include "text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include "text_helpers.h"

namespace cria::text {
namespace {

// The stretches of a text, joined by '|'.
std::string cut(std::string_view name, std::string_view text) {
  const auto pre = PreTokenizer::make(name, "test");
  EXPECT_TRUE(pre.ok()) << pre.status().message();
  std::vector<std::string_view> parts;
  EXPECT_TRUE(pre->split(text, parts).ok());
  std::string out;
  for (const std::string_view part : parts) {
    if (!out.empty()) out += '|';
    out += part;
  }
  return out;
}

TEST(PreTokenizer, Gpt2) {
  for (const char* name : {"gpt-2", "mpt", "phi-2", "olmo"}) {
    EXPECT_EQ(cut(name, "I'm  here, 1234!\n\nDon't"), "I|'m| | here|,| 1234|!|\n|\n|Don|'t");
    EXPECT_EQ(cut(name, "A'S a   "), "A|'|S| a|   ");
  }
}

TEST(PreTokenizer, Llama3) {
  for (const char* name : {"llama-bpe", "llama3", "llama-v3"}) {
    EXPECT_EQ(cut(name, "I'M  here, 1234!\n\n x"), "I|'M| | here|,| |123|4|!\n\n| x");
    EXPECT_EQ(cut(name, "(foo) \r\n\tbar"), "(foo|)| \r\n|\tbar");
  }
}

TEST(PreTokenizer, Qwen2CutsEachDigit) {
  EXPECT_EQ(cut("qwen2", "I'M 1234!\n"), "I|'M| |1|2|3|4|!\n");
}

TEST(PreTokenizer, DigitsAloneThenGpt2) {
  for (const char* name : {"smollm", "starcoder", "refact"}) {
    EXPECT_EQ(cut(name, "a 12 b's\xC2\xBD"), "a| |1|2| b|'s|\xC2\xBD");
  }
}

TEST(PreTokenizer, FalconCutsPunctuationAndThreeDigits) {
  EXPECT_EQ(cut("falcon", "it's $5: 12345 x"), "it|'|s| |$|5|:| |123|45| x");
}

TEST(PreTokenizer, DeepseekCoder) {
  EXPECT_EQ(cut("deepseek-coder", "if (x) 12\r\n\xE4\xBD\xA0\xE5\xA5\xBD"),
            "if| (|x|)| |1|2|\r|\n|\xE4\xBD\xA0\xE5\xA5\xBD");
}

TEST(PreTokenizer, DeepseekLlm) {
  EXPECT_EQ(cut("deepseek-llm", "if (x) 12\nab   "), "if| (|x|)| |12|\n|ab|   ");
  // Letters without case are no letters here; a trailing run of spaces is one stretch.
  EXPECT_EQ(cut("deepseek-llm", "a\xE1\x83\x90  "), "a|\xE1\x83\x90|  ");
}

TEST(PreTokenizer, SpacesAreUnicodesWhiteSpace) {
  // U+0085 and U+3000 are, U+180E and U+200B are not.
  EXPECT_EQ(cut("gpt-2",
                "a\xC2\x85\xE3\x80\x80"
                "b"),
            "a|\xC2\x85|\xE3\x80\x80|b");
  EXPECT_EQ(cut("gpt-2",
                "a\xE1\xA0\x8E\xE2\x80\x8B"
                "b"),
            "a|\xE1\xA0\x8E\xE2\x80\x8B|b");
}

TEST(PreTokenizer, ContractionsFoldCaseAsUnicodeDoes) {
  EXPECT_EQ(cut("qwen2",
                "x'\xC5\xBF"
                "ab"),
            "x|'\xC5\xBF|ab")
      << "U+017F is an s";
}

TEST(PreTokenizer, NothingIsLostWhateverTheBytes) {
  std::mt19937 rng(8);
  for (const std::string_view name : pre_tokenizer_names()) {
    const auto pre = PreTokenizer::make(name, "test");
    ASSERT_TRUE(pre.ok()) << pre.status().message();
    for (int i = 0; i < 500; ++i) {
      const std::string text = random_text(rng, true);
      std::vector<std::string_view> parts;
      ASSERT_TRUE(pre->split(text, parts).ok());
      std::string joined;
      for (const std::string_view part : parts) {
        ASSERT_FALSE(part.empty());
        joined += part;
      }
      ASSERT_EQ(joined, text) << name;
    }
  }
}

TEST(PreTokenizer, BytesThatAreNotUtf8StandAlone) {
  EXPECT_EQ(cut("gpt-2", "ab\xFF\xE2\x82 cd"), "ab|\xFF|\xE2|\x82| cd");
}

TEST(PreTokenizer, LongRunsAreCutInLinearTime) {
  const std::string spaces(400'000, ' ');
  for (const std::string_view name : pre_tokenizer_names()) {
    const auto pre = PreTokenizer::make(name, "test");
    ASSERT_TRUE(pre.ok());
    for (const std::string_view end : {"", "\xE4\xB8\xAD", "a", "\n", "1", "!"}) {
      const std::string text = spaces + std::string(end) + spaces + std::string(end);
      std::vector<std::string_view> parts;
      ASSERT_TRUE(pre->split(text, parts).ok());
      size_t n_bytes = 0;
      for (const std::string_view part : parts) n_bytes += part.size();
      EXPECT_EQ(n_bytes, text.size());
      EXPECT_LT(parts.size(), 20u) << name << " gave up, or cut spaces one by one";
      // Spaces and newlines can be one stretch; anything else cannot.
      if (!end.empty() && end != "\n") {
        EXPECT_GT(parts.size(), 2u) << name << " gave up";
      }
    }
  }
}

TEST(PreTokenizer, UnknownNamesAreRefusedWithTheKnownOnes) {
  const auto made = PreTokenizer::make("tekken-9", "model.gguf");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.status().code(), StatusCode::unsupported);
  for (const char* part : {"model.gguf", "tekken-9", "llama-bpe", "deepseek-coder"}) {
    EXPECT_NE(made.status().message().find(part), std::string::npos) << made.status().message();
  }
}

TEST(PreTokenizer, AFileWithoutANameGetsLlamaCppsDefaultAndANote) {
  for (const char* name : {"", "default"}) {
    const auto made = PreTokenizer::make(name, "old.gguf");
    ASSERT_TRUE(made.ok());
    EXPECT_FALSE(made->note().empty());
    EXPECT_EQ(cut(name, "it's $5: 12345 x"), "it|'|s| |$|5|:| |123|45| x");
  }
}

}  // namespace
}  // namespace cria::text
