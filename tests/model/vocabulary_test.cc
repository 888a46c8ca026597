#include "model/vocabulary.h"

#include <gtest/gtest.h>

#include "file/readers.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria::model {
namespace {

TEST(Vocabulary, ReadsSpecialTokensAndStops) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model({}, path);
  const auto vocabulary = open_vocabulary(path);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status().message();
  EXPECT_EQ((*vocabulary)->tokenizer->n_vocab(), testing::tiny_n_vocab());
  EXPECT_EQ((*vocabulary)->tokenizer->special().bos, 1);
  EXPECT_TRUE((*vocabulary)->tokenizer->special().add_bos);
  EXPECT_TRUE((*vocabulary)->is_stop(2));
  EXPECT_FALSE((*vocabulary)->is_stop(1));
  EXPECT_EQ((*vocabulary)->token_text(1), "<s>");
  EXPECT_EQ((*vocabulary)->chat_template.status().code(), StatusCode::not_found);
}

TEST(Vocabulary, RefusesSpecialIdsOutsideIt) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model({}, path);
  std::string bytes = testing::read_file(path);
  const std::string key = "tokenizer.ggml.eos_token_id";
  bytes[bytes.find(key) + key.size() + 6] = 1;  // 2 + 65536
  testing::write_file(path, bytes);
  const auto vocabulary = open_vocabulary(path);
  ASSERT_FALSE(vocabulary.ok());
  EXPECT_EQ(vocabulary.status().code(), StatusCode::corrupt);
  EXPECT_NE(vocabulary.status().message().find("eos_token_id: found 65538"), std::string::npos)
      << vocabulary.status().message();
}

TEST(Vocabulary, RecognisesTheChatTemplateAndItsEndOfTurn) {
  testing::TinyModel tiny;
  tiny.chat_template =
      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] "
      "+ '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ "
      "'<|im_start|>assistant\n' "
      "}}{% endif %}";
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model(tiny, path);
  const auto vocabulary = open_vocabulary(path);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status().message();
  ASSERT_TRUE((*vocabulary)->chat_template.ok()) << (*vocabulary)->chat_template.status().message();
  EXPECT_TRUE((*vocabulary)->is_stop((*vocabulary)->tokenizer->find_piece("<|im_end|>")));
}

TEST(Vocabulary, TheThreeFilesOfOneVocabularyAgree) {
  CRIA_SHARED_FILE(gguf, "models/stories260K-f32.gguf");
  CRIA_SHARED_FILE(bin, "models/tok512.bin");
  CRIA_SHARED_FILE(model, "models/tok512.model");
  const auto a = open_vocabulary(gguf), b = open_vocabulary(bin), c = open_vocabulary(model);
  ASSERT_TRUE(a.ok()) << a.status().message();
  ASSERT_TRUE(b.ok()) << b.status().message();
  ASSERT_TRUE(c.ok()) << c.status().message();
  // Without doubled spaces: only the .model can say that it removes them, and this one does.
  for (const char* text : {"Once upon a time", "Lily and Tom went to the park.", "", "x", "é €"}) {
    std::vector<text::TokenId> ids_a, ids_b, ids_c;
    ASSERT_TRUE((*a)->tokenizer->encode(text, {}, ids_a).ok());
    ASSERT_TRUE((*b)->tokenizer->encode(text, {}, ids_b).ok());
    ASSERT_TRUE((*c)->tokenizer->encode(text, {}, ids_c).ok());
    EXPECT_EQ(ids_a, ids_b) << text;
    EXPECT_EQ(ids_a, ids_c) << text;
  }
}

// The file begins with the length of its longest piece: here the byte that a .model begins with.
TEST(Vocabulary, ATokenizerBinWhoseLongestPieceHasTenBytesIsNoModelFile) {
  std::string bytes("\x0A\0\0\0", 4);
  const auto add = [&bytes](const std::string& piece) {
    bytes += std::string("\0\0\0\0", 4) + static_cast<char>(piece.size()) + std::string(3, '\0');
    bytes += piece;
  };
  for (const char* piece : {"<unk>", "\n<s>\n", "\n</s>\n"}) add(piece);
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char* digits = "0123456789ABCDEF";
    add(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">");
  }
  add(" ten bytes");
  const std::string path = testing::temporary_dir() + "/tokenizer.bin";
  testing::write_file(path, bytes);
  const auto vocabulary = open_vocabulary(path);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status().message();
  EXPECT_EQ((*vocabulary)->tokenizer->n_vocab(), 3 + 256 + 1);
  EXPECT_EQ((*vocabulary)->token_text(3 + 256), " ten bytes");
}

TEST(Vocabulary, ReadsVocabularyOnlyFilesOfForeignArchitectures) {
  CRIA_SHARED_FILE(path, "vocabs/ggml-vocab-falcon.gguf");
  const auto vocabulary = open_vocabulary(path);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status().message();
  EXPECT_EQ((*vocabulary)->tokenizer->n_vocab(), 65024);
}

}  // namespace
}  // namespace cria::model
