// cria tokenize: the expected ids of the vocabularies, through the program.
#include <gtest/gtest.h>

#include <sstream>

#include "cli/program.h"
#include "support/shared_data.h"

namespace cria::testing {
namespace {

// Texts between the separator lines of an .inp file.
std::vector<std::string> texts_of(const std::string& file) {
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::vector<std::string> texts;
  size_t begin = 0;
  for (size_t end = file.find(separator); end != std::string::npos;
       end = file.find(separator, begin)) {
    texts.push_back(file.substr(begin, end - begin));
    begin = end + separator.size();
  }
  return texts;
}

// Ids without the blanks that the expected files begin lines with.
std::vector<std::string> lines_of_file(const std::string& file) {
  std::vector<std::string> lines;
  std::istringstream in(file);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line.substr(std::min(line.size(), line.find_first_not_of(' '))));
  }
  return lines;
}

class TokenizeVocabulary : public ::testing::TestWithParam<const char*> {};

TEST_P(TokenizeVocabulary, IdsAreThoseExpected) {
  CRIA_SHARED_FILE(vocabulary, std::string("vocabs/ggml-vocab-") + GetParam() + ".gguf");
  const std::vector<std::string> texts = texts_of(read_file(vocabulary + ".inp"));
  const std::vector<std::string> expected = lines_of_file(read_file(vocabulary + ".out"));
  ASSERT_GE(texts.size(), 46u);
  ASSERT_GE(expected.size(), texts.size());
  const size_t step = patience() > 1 ? 6 : 1;  // a start of the program takes long there
  for (size_t i = 0; i < texts.size(); i += step) {
    const ProcessResult result =
        cria({"tokenize", vocabulary, "--ids", "--no-bos"}, {.input = texts[i]});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, expected[i] + "\n") << "text " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Shared, TokenizeVocabulary,
                         ::testing::Values("llama-spm", "gpt-2", "falcon", "starcoder"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Tokenize, AddsBosUnlessToldNotTo) {
  CRIA_SHARED_FILE(vocabulary, "tokenizers/llama2.model");
  EXPECT_EQ(cria({"tokenize", vocabulary, "--ids", "-p", "Hello world"}).out, "1 15043 3186\n");
  EXPECT_EQ(cria({"tokenize", vocabulary, "--ids", "--no-bos", "-p", "Hello world"}).out,
            "15043 3186\n");
  EXPECT_EQ(cria({"tokenize", vocabulary, "--ids", "--no-bos", "-p", ""}).out, "\n");
}

TEST(Tokenize, TakesTextFromArgumentPipeAndFileByteForByte) {
  CRIA_SHARED_FILE(vocabulary, "tokenizers/llama2.model");
  const std::string text = " a\n\xff\n";
  const std::string file = temporary_dir() + "/text";
  write_file(file, text);
  const std::string from_flag = cria({"tokenize", vocabulary, "-p", text}).out;
  EXPECT_EQ(cria({"tokenize", vocabulary}, {.input = text}).out, from_flag);
  EXPECT_EQ(cria({"tokenize", vocabulary, "-f", file}).out, from_flag);
  // The invalid byte is a byte token of its own, and the last newline is there.
  EXPECT_NE(from_flag.find("258\t\"\\udcff\"\n13\t\"\\n\"\n"), std::string::npos) << from_flag;
}

TEST(Tokenize, SpecialTokensOnlyWhereAskedFor) {
  CRIA_SHARED_FILE(vocabulary, "vocabs/ggml-vocab-llama-spm.gguf");
  const std::string plain = cria({"tokenize", vocabulary, "--ids", "--no-bos", "-p", "</s>"}).out;
  EXPECT_NE(plain, "2\n");
  EXPECT_EQ(cria({"tokenize", vocabulary, "--ids", "--no-bos", "--special", "-p", "</s>"}).out,
            "2\n");
}

TEST(Tokenize, CheckpointTokenizerFile) {
  CRIA_SHARED_FILE(model, "models/stories260K.bin");
  CRIA_SHARED_FILE(tokenizer, "models/tok512.bin");
  CRIA_SHARED_FILE(gguf, "models/stories260K-f32.gguf");
  const std::string text = "Lily and Tom went to the park.";
  const std::string expected = cria({"tokenize", gguf, "--ids", "-p", text}).out;
  const std::vector<std::string> words = {"tokenize", model,         "--ids",  "-p",
                                          text,       "--tokenizer", tokenizer};
  EXPECT_GT(expected.size(), 8u);
  EXPECT_EQ(cria(words).out, expected);
}

TEST(Tokenize, CheckpointTokenizerFileAlone) {
  CRIA_SHARED_FILE(tokenizer, "models/tok512.bin");
  CRIA_SHARED_FILE(gguf, "models/stories260K-f32.gguf");
  const std::string text = "Lily and Tom went to the park.";
  EXPECT_EQ(cria({"tokenize", tokenizer, "--ids", "-p", text}).out,
            cria({"tokenize", gguf, "--ids", "-p", text}).out);
}

}  // namespace
}  // namespace cria::testing
