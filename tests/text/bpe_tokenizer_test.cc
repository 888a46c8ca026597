#include <gtest/gtest.h>

#include "support/shared_data.h"
#include "text/bpe_merge.h"
#include "text_helpers.h"

namespace cria::text {
namespace {

std::vector<std::string> pieces_of(const Tokenizer& tokenizer, std::string_view text,
                                   EncodeOptions options = {false, false}) {
  std::vector<std::string> out;
  for (const TokenId id : encode(tokenizer, text, options)) {
    EXPECT_TRUE(tokenizer.append_piece(id, true, out.emplace_back()).ok());
  }
  return out;
}
using Pieces = std::vector<std::string>;

// Merges as the definition says: look at every pair, do the best, start again.
std::vector<TokenId> merge_naively(const PieceTable& table, const std::vector<std::string>& merges,
                                   std::vector<TokenId> ids) {
  while (true) {
    size_t best_rank = merges.size(), best_at = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const std::string spelt = table.piece(ids[i]) + " " + table.piece(ids[i + 1]);
      const auto found = std::find(merges.begin(), merges.end(), spelt);
      const auto rank = static_cast<size_t>(found - merges.begin());
      if (rank < best_rank) best_rank = rank, best_at = i;
    }
    if (best_rank == merges.size()) return ids;
    ids[best_at] = table.find(table.piece(ids[best_at]) + table.piece(ids[best_at + 1]));
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best_at) + 1);
  }
}

TEST(BpeMerge, AgreesWithTheDefinition) {
  const std::vector<std::string> merges = {"a a", "a b", "b a",   "aa a", "aa aa", "ab a",
                                           "c a", "b b", "bb bb", "c ab", "aa b",  "cab ab"};
  VocabularyData vocab = small_bpe_vocabulary("gpt-2", merges);
  auto table = PieceTable::make(vocab);
  ASSERT_TRUE(table.ok());
  MergeTable fast;
  size_t n_skipped = 0;
  ASSERT_TRUE(fast.fill(*table, merges, "test", n_skipped).ok());
  EXPECT_EQ(n_skipped, 0u);
  std::mt19937 rng(9);
  for (int round = 0; round < 3000; ++round) {
    std::vector<TokenId> ids;
    for (auto n = rng() % 30; n > 0; --n) {
      ids.push_back(table->find(std::string(1, static_cast<char>('a' + rng() % 3))));
    }
    const auto expected = merge_naively(*table, merges, ids);
    fast.apply(ids);
    ASSERT_EQ(ids, expected) << "round " << round;
  }
}

TEST(BpeMerge, MergesWithoutTwoPartsAreCorruptAndUnknownPiecesAreLeftOut) {
  for (const char* merge : {"", "ab", " ", "a ", " a"}) {
    VocabularyData vocab = small_bpe_vocabulary("gpt-2", {"a b"});
    vocab.merges.push_back(merge);
    const auto made = make_tokenizer(std::move(vocab));
    ASSERT_FALSE(made.ok()) << merge;
    EXPECT_EQ(made.status().code(), StatusCode::corrupt);
  }
  VocabularyData vocab = small_bpe_vocabulary("gpt-2", {"a b"});
  vocab.merges.push_back("x y");
  const auto tokenizer = make(std::move(vocab));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->notes().size(), 1u);
  EXPECT_EQ(pieces_of(*tokenizer, "abxy"), (Pieces{"ab", "x", "y"}));
}

TEST(BpeMerge, OfEqualMergesTheFirstCounts) {
  const auto tokenizer = make(small_bpe_vocabulary("gpt-2", {"a b", "b c", "a b", "b c"}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(pieces_of(*tokenizer, "abc"), (Pieces{"ab", "c"}));
}

TEST(BpeTokenizer, ContinuingChangesNothing) {
  const auto tokenizer = make(small_bpe_vocabulary("gpt-2", {"a b"}));
  ASSERT_NE(tokenizer, nullptr);
  for (const char* text : {"ab", " ab", ""}) {
    EXPECT_EQ(encode(*tokenizer, text, {.continues = true}), encode(*tokenizer, text));
  }
}

TEST(BpeTokenizer, TheBytesOfATokenAreBounded) {
  const std::string space = byte_letter(' ');
  VocabularyData vocab = small_bpe_vocabulary("gpt-2", {space + " " + space, "a b", "ab c"});
  EXPECT_EQ(make(vocab)->max_piece_bytes(), 3u) << "letters of two bytes stand for one";
  add_piece(vocab, "<|end|>", PieceType::control);
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->max_piece_bytes(), 7u);
  std::mt19937 rng(32);
  EXPECT_EQ(check_max_piece_bytes(*tokenizer, rng, 2000), 2000);
}

TEST(BpeTokenizer, EveryByteHasItsLetterAndComesBack) {
  const auto tokenizer = make(small_bpe_vocabulary("gpt-2", {}));
  ASSERT_NE(tokenizer, nullptr);
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const auto ids = encode(*tokenizer, all);
  ASSERT_EQ(ids.size(), 256u);
  for (TokenId id = 0; id < 256; ++id) EXPECT_EQ(ids[static_cast<size_t>(id)], id);
  EXPECT_EQ(decode_all(*tokenizer, ids), all);
}

TEST(BpeTokenizer, ControlPiecesOnlyWhereAskedUserDefinedAlways) {
  VocabularyData vocab = small_bpe_vocabulary("gpt-2", {});
  add_piece(vocab, "<|im_end|>", PieceType::control);
  add_piece(vocab, "<tool>", PieceType::user_defined);
  add_piece(vocab, "<tool>>", PieceType::user_defined);
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(pieces_of(*tokenizer, "a<tool>>b<tool>"), (Pieces{"a", "<tool>>", "b", "<tool>"}));
  EXPECT_EQ(pieces_of(*tokenizer, "a<|im_end|>b", {false, true}), (Pieces{"a", "<|im_end|>", "b"}));
  EXPECT_EQ(encode(*tokenizer, "a<|im_end|>b").size(), 12u);
  const TokenId end = tokenizer->find_piece("<|im_end|>");
  EXPECT_EQ(decode_all(*tokenizer, {'a', end}), "a") << "hidden unless asked for";
  EXPECT_EQ(decode_all(*tokenizer, {end}, true), "<|im_end|>");
}

TEST(BpeTokenizer, IgnoringMergesTakesWholePieces) {
  // "abc" is a piece that no merge makes.
  VocabularyData vocab = small_bpe_vocabulary("gpt-2", {"b c"});
  add_piece(vocab, "abc", PieceType::normal);
  EXPECT_EQ(pieces_of(*make(vocab), "abc"), (Pieces{"a", "bc"}));
  vocab.ignore_merges = true;
  EXPECT_EQ(pieces_of(*make(vocab), "abc"), (Pieces{"abc"}));
  vocab.ignore_merges = false;
  vocab.pre = "llama-bpe";  // implied
  EXPECT_EQ(pieces_of(*make(vocab), "abc"), (Pieces{"abc"}));
  vocab.types.back() = PieceType::control;  // but never a special token
  EXPECT_EQ(pieces_of(*make(vocab), "abc"), (Pieces{"a", "bc"}));
}

TEST(BpeTokenizer, AByteWithoutAPieceIsNamedOrUnknown) {
  VocabularyData vocab = small_bpe_vocabulary("gpt-2", {});
  vocab.pieces['z'] = "gone";
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  std::vector<TokenId> ids{5};
  const Status status = tokenizer->encode("a xz", {}, ids);
  EXPECT_EQ(status.code(), StatusCode::unsupported);
  EXPECT_EQ(status.message().rfind("byte 3 of the text", 0), 0u) << status.message();
  EXPECT_EQ(ids, std::vector<TokenId>{5});

  add_piece(vocab, "<unk>", PieceType::unknown);
  vocab.special.unk = 256;
  EXPECT_EQ(pieces_of(*make(vocab), "xz"), (Pieces{"x", "<unk>"}));
  vocab.special.unk = 0;  // a piece of another kind, "<|endoftext|>" say, is no stand-in
  EXPECT_EQ(make(vocab)->encode("z", {}, ids).code(), StatusCode::unsupported);
}

TEST(BpeTokenizer, BosAndEosAsTheFlagsAsk) {
  VocabularyData vocab = small_bpe_vocabulary("gpt-2", {});
  add_piece(vocab, "<bos>", PieceType::control);
  vocab.special.bos = vocab.special.eos = 256;
  vocab.special.add_bos = vocab.special.add_eos = true;
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "a", {true, false}), (std::vector<TokenId>{256, 'a', 256}));
  EXPECT_EQ(encode(*tokenizer, "", {true, false}), (std::vector<TokenId>{256, 256}));
}

TEST(BpeTokenizer, IdsOutOfRangeAreRefused) {
  const auto tokenizer = make(small_bpe_vocabulary("gpt-2", {}));
  ASSERT_NE(tokenizer, nullptr);
  std::string out;
  for (const TokenId id : {-1, 256, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(tokenizer->append_piece(id, true, out).code(), StatusCode::invalid_argument);
  }
}

TEST(BpeTokenizer, LongStretchesMergeInLogLinearTime) {
  std::vector<std::string> merges;
  for (std::string left = "a"; left.size() < 64; left += left) merges.push_back(left + " " + left);
  const auto tokenizer = make(small_bpe_vocabulary("gpt-2", merges));
  ASSERT_NE(tokenizer, nullptr);
  const std::string text(1 << 20, 'a');
  EXPECT_EQ(encode(*tokenizer, text).size(), text.size() / 64);
}

TEST(BpeTokenizer, SyntheticVocabulariesLoad) {
  for (const char* name : {"llama3", "qwen2", "smollm"}) {
    CRIA_SHARED_FILE(path, std::string("vocabs/vocab-bpe-") + name + ".gguf");
    const auto tokenizer = tokenizer_from_gguf(path);
    ASSERT_NE(tokenizer, nullptr);
    std::mt19937 rng(10);
    for (int i = 0; i < 500; ++i) {
      const std::string text = random_text(rng, i % 2 == 0);
      ASSERT_EQ(decode_all(*tokenizer, encode(*tokenizer, text)), text);
    }
  }
}

}  // namespace
}  // namespace cria::text
