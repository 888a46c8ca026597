// SentencePiece vocabularies as hostile or careless files hold them.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <cstring>

#include "support/guarded.h"
#include "support/shared_data.h"
#include "text/spm_model.h"
#include "text/spm_normalizer.h"
#include "text_helpers.h"

namespace cria::text {
namespace {

const std::string kSpace = "\xE2\x96\x81";
constexpr TokenId kFirst = 3 + 256;  // the first piece after <unk> <s> </s> and the bytes

StatusCode refusal(VocabularyData vocab) {
  const auto made = make_tokenizer(std::move(vocab));
  return made.ok() ? StatusCode::ok : made.status().code();
}

bool has_note(const Tokenizer& tokenizer, std::string_view part) {
  for (const std::string& note : tokenizer.notes()) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

// The .model of a small vocabulary, with the flags that the format's readers expect.
SpmModel small_model(const std::vector<std::string>& pieces) {
  SpmModel model;
  model.vocab = small_spm_vocabulary(pieces);
  return model;
}

Result<std::unique_ptr<Tokenizer>> load(const SpmModel& model) {
  const std::string bytes = write_spm_model(model);
  return make_sentencepiece_tokenizer(as_bytes(bytes), "small.model");
}

TEST(SpmModel, WhatIsWrittenIsReadBack) {
  SpmModel model = small_model({"a", kSpace + "a"});
  model.vocab.add_space_prefix = false;
  model.vocab.remove_extra_whitespaces = true;
  model.charsmap = "not looked at here";
  const std::string bytes = write_spm_model(model);
  const auto back = read_spm_model(as_bytes(bytes), "small.model");
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->vocab.pieces, model.vocab.pieces);
  EXPECT_EQ(back->vocab.scores, model.vocab.scores);
  EXPECT_EQ(back->vocab.types, model.vocab.types);
  EXPECT_FALSE(back->vocab.add_space_prefix);
  EXPECT_TRUE(back->vocab.remove_extra_whitespaces);
  EXPECT_FALSE(back->is_unigram);
  EXPECT_EQ(back->charsmap, model.charsmap);
  EXPECT_EQ(back->vocab.special.bos, 1);
  EXPECT_EQ(back->vocab.special.eos, 2);
  EXPECT_EQ(back->vocab.special.unk, 0);
}

TEST(SpmModel, CutAtAnyByteItIsRefused) {
  const std::string bytes = write_spm_model(small_model({"a", "b", "ab", kSpace + "ab"}));
  for (size_t n = 0; n < bytes.size(); ++n) {
    testing::GuardedBytes cut(std::string_view(bytes).substr(0, n));
    const auto made = make_sentencepiece_tokenizer(cut.bytes(), "cut.model");
    ASSERT_FALSE(made.ok()) << n;
    ASSERT_EQ(made.status().code(), StatusCode::corrupt) << made.status().message();
  }
}

TEST(SpmModel, ChangedBytesNeverCrash) {
  const std::string bytes = write_spm_model(small_model({"a", "b", "ab", kSpace + "ab"}));
  std::mt19937 rng(5);
  int n_loaded = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string changed = bytes;
    for (int k = 0; k < 1 + round % 3; ++k)
      changed[rng() % changed.size()] = static_cast<char>(rng());
    const auto made = make_sentencepiece_tokenizer(as_bytes(changed), "changed.model");
    if (!made.ok()) continue;
    ++n_loaded;
    std::vector<TokenId> ids;
    const Status encoded = (*made)->encode("<s> ab \xFF \xC3\xA9", {true, true}, ids);
    std::string text;
    for (const TokenId id : ids) ASSERT_TRUE((*made)->append_piece(id, true, text).ok());
  }
  EXPECT_GT(n_loaded, 50) << "else this tests the reader alone";
}

TEST(SpmModel, UnknownTypesAndKindsAreRefusedByName) {
  const auto refused = [](std::string bytes, std::string_view part) {
    const auto made = make_sentencepiece_tokenizer(as_bytes(bytes), "odd.model");
    ASSERT_FALSE(made.ok());
    EXPECT_NE(made.status().message().find(part), std::string::npos) << made.status().message();
  };
  using std::string;
  refused(string("\x0A\x02\x18\x07", 4), "piece type");                         // type 7
  refused(string("\x12\x02\x18\x03\x1A\x00", 6), "model type 3");               // WORD
  refused(string("\x12\x03\xC0\x01\x01\x1A\x00", 7), "suffix");                 // spaces at the end
  refused(string("\x0B", 1), "wire type");                                      // a group
  refused(string("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11), "left");  // 2^64 - 1 bytes
  refused(string("\x0A\x02\x0A\x05"
                 "abcde",
                 9),
          "past its message");  // longer than what holds it
  refused(string("\x12\x00\x1A\x00", 4), "no pieces");
}

// Of the whole process so far.
int64_t peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(SpmModel, AFileOfTooManyPiecesIsRefusedBeforeItCostsMemory) {
  std::string bytes;
  for (int i = 0; i < 5'000'000; ++i) bytes += std::string_view("\x0A\x00", 2);
  bytes += std::string_view("\x12\x00\x1A\x00", 4);
  const int64_t before = peak_kib();
  const auto made = make_sentencepiece_tokenizer(as_bytes(bytes), "empty.model");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.status().code(), StatusCode::unsupported) << made.status().message();
  EXPECT_NE(made.status().message().find("more than 1048576 pieces"), std::string::npos);
  EXPECT_LT(peak_kib() - before, 16 * 1024);
}

TEST(SpmModel, AFileThatLacksItsEndIsRefusedBeforeItCostsMemory) {
  std::string bytes;
  for (int i = 0; i < 1'000'000; ++i) bytes += std::string_view("\x0A\x00", 2);
  const int64_t before = peak_kib();
  const auto read = read_spm_model(as_bytes(bytes), "cut.model");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.status().code(), StatusCode::corrupt);
  EXPECT_LT(peak_kib() - before, 16 * 1024);
}

TEST(SpmModel, WildScoresAndBytePiecesAreCorruptAndNamed) {
  const auto refused = [](SpmModel model, std::string_view part) {
    const auto made = load(model);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.status().code(), StatusCode::corrupt);
    EXPECT_NE(made.status().message().find(part), std::string::npos) << made.status().message();
  };
  SpmModel model = small_model({"a"});
  model.vocab.scores.back() = INFINITY;
  refused(model, "piece score: found no finite number");
  model = small_model({"a"});
  model.vocab.types.back() = PieceType::byte;
  refused(model, "byte piece: found 'a', expected <0x00> to <0xFF>");
}

TEST(SpmModel, IsToldFromATokenizerBinByItsFirstBytes) {
  using std::string;
  const auto looks = [](const string& bytes) {
    testing::GuardedBytes guarded(bytes);
    return looks_like_sentencepiece_model(guarded.bytes());
  };
  EXPECT_TRUE(looks(write_spm_model(small_model({"a"}))));
  EXPECT_TRUE(looks(string("\x0A\x0E\x0A\x05<unk>", 9)));
  EXPECT_TRUE(looks(string("\x0A\x90\x01\x0A", 4))) << "a first piece of 144 bytes";
  EXPECT_FALSE(looks(string("\x0A\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00<unk>", 17)))
      << "tokenizer.bin, longest piece 10 bytes";
  EXPECT_FALSE(looks(string("\x0A\x01\x00\x00\x00\x00\x00\x00", 8))) << "266 bytes";
  EXPECT_FALSE(looks(string("\x0A\x0A\x00\x00\x00\x00\x00\x00", 8))) << "2570 bytes";
  EXPECT_FALSE(looks("GGUF"));
  EXPECT_FALSE(looks(string(64, '\xFF')));
  EXPECT_FALSE(looks("\x0A" + string(64, '\xFF')));
  for (const char* cut : {"", "\x0A", "\x0A\x0E", "\x0A\x90", "\x0A\x90\x01"}) {
    EXPECT_FALSE(looks(cut));
  }
}

TEST(SpmTokenizer, DuplicateAndEmptyPiecesAreUnreachableAndNoted) {
  const auto tokenizer = make(small_spm_vocabulary({"a", "", "a", "", kSpace}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "a"), (std::vector<TokenId>{kFirst + 4, kFirst}));
  EXPECT_EQ(decode_all(*tokenizer, {kFirst + 4, kFirst + 2}), "a") << "a duplicate still decodes";
  EXPECT_TRUE(has_note(*tokenizer, "1 pieces are spelt as an earlier one"));
  EXPECT_TRUE(has_note(*tokenizer, "2 empty pieces"));
}

TEST(SpmTokenizer, AnyNumberOfUnknownPiecesWillDo) {
  VocabularyData none = small_spm_vocabulary({kSpace, "a"});
  none.types[0] = PieceType::control;
  none.special.unk = -1;
  VocabularyData two = small_spm_vocabulary({kSpace, "a"});
  two.types[2] = PieceType::unknown;
  for (VocabularyData* vocab : {&none, &two}) {
    const auto tokenizer = make(std::move(*vocab));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_TRUE(has_note(*tokenizer, "unknown pieces; one is usual"));
    EXPECT_EQ(encode(*tokenizer, "a"), (std::vector<TokenId>{kFirst, kFirst + 1}));
  }
}

TEST(SpmTokenizer, MissingBytePiecesBecomeTheUnknownTokenOnceARun) {
  VocabularyData vocab = small_spm_vocabulary({kSpace, "a"});
  for (unsigned byte = 0x80; byte < 0x100; ++byte) {
    vocab.types[3 + byte] = PieceType::control;
    vocab.pieces[3 + byte] = "<gone" + std::to_string(byte) + ">";
  }
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_TRUE(has_note(*tokenizer, "128 byte pieces of 256"));
  const TokenId byte_b = 3 + 'b';
  EXPECT_EQ(encode(*tokenizer,
                   "a\xC3\xA9\xFF\xFE"
                   "ab\xFF"),
            (std::vector<TokenId>{kFirst, kFirst + 1, 0, kFirst + 1, byte_b, 0}));
}

TEST(SpmTokenizer, WithoutBytesAndUnknownTheByteIsNamed) {
  VocabularyData vocab;
  vocab.source_name = "bare";
  vocab.model = "llama";
  add_piece(vocab, kSpace, PieceType::normal);
  add_piece(vocab, "a", PieceType::normal);
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "a a"), (std::vector<TokenId>{0, 1, 0, 1}));
  std::vector<TokenId> ids{7};
  for (const std::string_view text : {"a a\xC3\xA9", "a a\xFF", "a aZ"}) {
    const Status status = tokenizer->encode(text, {}, ids);
    EXPECT_EQ(status.code(), StatusCode::unsupported);
    EXPECT_EQ(status.message().rfind("byte 3 of the text", 0), 0u) << status.message();
    EXPECT_EQ(ids, (std::vector<TokenId>{7})) << "nothing is added on an error";
  }
}

TEST(SpmTokenizer, WrongBytePiecesAreCorrupt) {
  for (const char* spelt : {"<0x4>", "<0x041>", "<0xGG>", "0x41", "<0X41>", ""}) {
    VocabularyData vocab = small_spm_vocabulary({"a"});
    vocab.pieces[3 + 0x41] = spelt;
    EXPECT_EQ(refusal(vocab), StatusCode::corrupt) << spelt;
  }
  VocabularyData twice = small_spm_vocabulary({kSpace});
  twice.pieces[3 + 0x42] = "<0x41>";
  const auto tokenizer = make(twice);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "AB"), (std::vector<TokenId>{kFirst, 3 + 0x41, 0}));
}

TEST(SpmTokenizer, BytePiecesTypedNormalAreRecognised) {
  VocabularyData vocab = small_spm_vocabulary({kSpace, "a"});
  for (size_t i = 3; i < 3 + 256; ++i) vocab.types[i] = PieceType::normal;
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_TRUE(has_note(*tokenizer, "not typed as bytes"));
  EXPECT_EQ(decode_all(*tokenizer, encode(*tokenizer, "a\xFF\xC3\xA9")), "a\xFF\xC3\xA9");
}

TEST(SpmTokenizer, MissingScoresTypesAndWildIdsAreCorrupt) {
  const VocabularyData good = small_spm_vocabulary({"a"});
  const auto with = [&good](auto change) {
    VocabularyData vocab = good;
    change(vocab);
    return refusal(std::move(vocab));
  };
  EXPECT_EQ(with([](VocabularyData&) {}), StatusCode::ok);
  EXPECT_EQ(with([](VocabularyData& v) { v.scores.pop_back(); }), StatusCode::corrupt);
  EXPECT_EQ(with([](VocabularyData& v) { v.types.pop_back(); }), StatusCode::corrupt);
  EXPECT_EQ(with([](VocabularyData& v) { v.types[1] = PieceType{7}; }), StatusCode::corrupt);
  EXPECT_EQ(with([](VocabularyData& v) { v.types[1] = PieceType{-1}; }), StatusCode::corrupt);
  EXPECT_EQ(with([](VocabularyData& v) { v.scores[5] = NAN; }), StatusCode::corrupt);
  EXPECT_EQ(with([](VocabularyData& v) { v.special.bos = kFirst + 1; }), StatusCode::corrupt);
  EXPECT_EQ(with([](VocabularyData& v) { v.special.eos = -2; }), StatusCode::corrupt);
  EXPECT_EQ(with([](VocabularyData& v) { v.special.also_stop = {INT32_MAX}; }),
            StatusCode::corrupt);
  EXPECT_EQ(with([](VocabularyData& v) { v.special.add_bos = true, v.special.bos = -1; }),
            StatusCode::corrupt);
  EXPECT_EQ(with([](VocabularyData& v) { v.pieces.clear(), v.types.clear(), v.scores.clear(); }),
            StatusCode::corrupt);
  EXPECT_EQ(with([](VocabularyData& v) { v.model = "bert"; }), StatusCode::unsupported);
}

TEST(SpmTokenizer, IdsOutOfRangeAreRefused) {
  const auto tokenizer = make(small_spm_vocabulary({"a"}));
  ASSERT_NE(tokenizer, nullptr);
  std::string out;
  for (const TokenId id : {-1, kFirst + 1, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(tokenizer->append_piece(id, true, out).code(), StatusCode::invalid_argument);
    EXPECT_EQ(tokenizer->type(id), PieceType::undefined);
  }
  EXPECT_EQ(out, "");
}

TEST(SpmTokenizer, ControlPiecesOfOneCharacterAndTextThatSpellsPieces) {
  VocabularyData vocab = small_spm_vocabulary({kSpace, "a", "<", "<0x41>", "s", "<s", "<s>"});
  add_piece(vocab, "!", PieceType::control);
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  for (const std::string text : {"a!", "<0x41>", "<s>", "</s><unk>",
                                 "\xC3\xBF"
                                 "3"}) {
    const auto ids = encode(*tokenizer, text);
    EXPECT_EQ(decode_all(*tokenizer, ids), text);
    for (const TokenId id : ids) {
      EXPECT_TRUE(tokenizer->type(id) == PieceType::normal ||
                  tokenizer->type(id) == PieceType::byte)
          << text << ": " << id;
    }
  }
}

TEST(SpmTokenizer, SpecialTokensAreParsedOnlyWhereAskedAndRestartThePrefix) {
  const auto tokenizer = make(small_spm_vocabulary({kSpace, "a", kSpace + "a"}));
  ASSERT_NE(tokenizer, nullptr);
  const TokenId space_a = kFirst + 2;
  EXPECT_EQ(encode(*tokenizer, "a<s>a</s>", {false, true}),
            (std::vector<TokenId>{space_a, 1, space_a, 2}));
  const auto plain = encode(*tokenizer, "a<s>a");
  EXPECT_EQ(std::count(plain.begin(), plain.end(), 1), 0);
  EXPECT_EQ(decode_all(*tokenizer, plain), "a<s>a");
}

TEST(SpmTokenizer, TextThatContinuesGetsNoPrefixButPartsAfterSpecialTokensDo) {
  const auto tokenizer = make(small_spm_vocabulary({kSpace, "a", kSpace + "a"}));
  ASSERT_NE(tokenizer, nullptr);
  const TokenId a = kFirst + 1, space_a = kFirst + 2;
  const EncodeOptions continues{.add_special = false, .parse_special = true, .continues = true};
  EXPECT_EQ(encode(*tokenizer, "a", continues), std::vector<TokenId>{a});
  EXPECT_EQ(encode(*tokenizer, " a", continues), std::vector<TokenId>{space_a});
  EXPECT_EQ(encode(*tokenizer, "a<s>a", continues), (std::vector<TokenId>{a, 1, space_a}));
  EXPECT_EQ(encode(*tokenizer, "<s>a", continues), (std::vector<TokenId>{1, space_a}));
}

TEST(SpmTokenizer, TextThatContinuesKeepsTheSpaceThatPartsItFromWhatCameBefore) {
  VocabularyData vocab = small_spm_vocabulary({kSpace, "a", kSpace + "a"});
  vocab.remove_extra_whitespaces = true;
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  const TokenId a = kFirst + 1, space_a = kFirst + 2;
  const EncodeOptions continues{.add_special = false, .continues = true};
  EXPECT_EQ(encode(*tokenizer, "a", continues), std::vector<TokenId>{a});
  EXPECT_EQ(encode(*tokenizer, " a", continues), std::vector<TokenId>{space_a});
  EXPECT_EQ(encode(*tokenizer, "   a", continues), std::vector<TokenId>{space_a});
  EXPECT_EQ(encode(*tokenizer, "   a"), std::vector<TokenId>{space_a}) << "prefix, no space";
}

TEST(SpmTokenizer, TheBytesOfATokenAreBoundedWhereNothingShrinksTheText) {
  const VocabularyData plain = small_spm_vocabulary({"a", kSpace + kSpace + "ab"});
  const auto bound = [](VocabularyData vocab) { return make(std::move(vocab))->max_piece_bytes(); };
  EXPECT_EQ(bound(plain), 8u) << "a text may spell U+2581";
  VocabularyData bytes = small_spm_vocabulary({});
  for (size_t i = 0; i < 3; ++i) bytes.pieces[i] = std::string(1, static_cast<char>('x' + i));
  EXPECT_EQ(bound(bytes), 1u) << "a byte piece stands for one byte";
  VocabularyData shrinks = plain;
  shrinks.remove_extra_whitespaces = true;
  EXPECT_EQ(bound(shrinks), SIZE_MAX);
  VocabularyData joins = plain;
  joins.pieces[3] = "gone";
  joins.types[3] = PieceType::normal;
  EXPECT_EQ(bound(joins), SIZE_MAX) << "a run of zero bytes is one unknown token";
  joins.special.unk = -1;
  joins.types[0] = PieceType::normal;
  EXPECT_EQ(bound(joins), 8u);
  std::mt19937 rng(31);
  EXPECT_EQ(check_max_piece_bytes(*make(plain), rng, 2000), 2000);
}

TEST(SpmTokenizer, InvalidBytesDoNotRestartThePrefix) {
  const auto tokenizer = make(small_spm_vocabulary({kSpace, "a", kSpace + "a"}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(
      encode(*tokenizer,
             "a\xFF"
             "a\xE2\x82"
             "a"),
      (std::vector<TokenId>{kFirst + 2, 3 + 0xFF, kFirst + 1, 3 + 0xE2, 3 + 0x82, kFirst + 1}));
}

// Long texts are given to the library in parts, which must not show: neither where no piece spans
// words nor where one does.
TEST(SpmTokenizer, LongTextsBecomeTheSamePiecesAsShortOnes) {
  const std::vector<std::string> words = {
      kSpace, "a", "b", kSpace + "a", "ab", kSpace + "ab", kSpace + kSpace};
  std::vector<std::string> spanning = words;
  spanning.push_back("b" + kSpace);
  spanning.push_back("b" + kSpace + "a");
  for (const std::vector<std::string>& pieces : {words, spanning}) {
    const auto tokenizer = make(small_spm_vocabulary(pieces));
    ASSERT_NE(tokenizer, nullptr);
    const std::string unit = "ab a  aab b x\xC3\xA9 ";
    const std::vector<TokenId> two = encode(*tokenizer, unit + unit);
    const std::vector<TokenId> three = encode(*tokenizer, unit + unit + unit);
    const auto n_unit = static_cast<std::ptrdiff_t>(three.size() - two.size());
    std::string text;
    for (int i = 0; i < 3000; ++i) text += unit;
    const std::vector<TokenId> all = encode(*tokenizer, text);
    ASSERT_EQ(all.size(), two.size() + 2998 * static_cast<size_t>(n_unit));
    // The units in the middle are all alike; the first and the last meet the ends of the text.
    const auto second = all.begin() + (static_cast<std::ptrdiff_t>(two.size()) - n_unit);
    EXPECT_TRUE(std::equal(three.begin(), three.end() - n_unit, all.begin()));
    for (auto at = second; at + 2 * n_unit <= all.end(); at += n_unit) {
      ASSERT_TRUE(std::equal(at, at + n_unit, second)) << at - all.begin();
    }
  }
}

TEST(SpmTokenizer, SpacePrefixCanBeOff) {
  VocabularyData vocab = small_spm_vocabulary({kSpace, "a", kSpace + "a"});
  vocab.add_space_prefix = false;
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_FALSE(tokenizer->strips_leading_space());
  EXPECT_EQ(encode(*tokenizer, "a a"), (std::vector<TokenId>{kFirst + 1, kFirst + 2}));
  EXPECT_EQ(decode_all(*tokenizer, {kFirst + 2}), " a");
}

TEST(SpmTokenizer, BosAndEosAsTheFlagsAsk) {
  VocabularyData vocab = small_spm_vocabulary({kSpace + "a"});
  vocab.special.add_bos = vocab.special.add_eos = true;
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "", {true, false}), (std::vector<TokenId>{1, 2}));
  EXPECT_EQ(encode(*tokenizer, "", {false, false}), std::vector<TokenId>{});
}

TEST(SpmTokenizer, ManyNestedUserDefinedPiecesMatchTheLongest) {
  VocabularyData vocab = small_spm_vocabulary({kSpace});
  std::string piece;
  for (int i = 0; i < 200; ++i) add_piece(vocab, piece += 'u', PieceType::user_defined);
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  const std::string text(450, 'u');
  EXPECT_EQ(encode(*tokenizer, text),
            (std::vector<TokenId>{kFirst, kFirst + 200, kFirst + 200, kFirst + 50}));
  EXPECT_EQ(decode_all(*tokenizer, encode(*tokenizer, text)), text);
}

TEST(SpmTokenizer, LongChainsOfUnusedPiecesDoNotRecurseWithoutBound) {
  VocabularyData vocab = small_spm_vocabulary({kSpace, "x"});
  std::string piece = "x";
  for (int i = 0; i < 3000; ++i) add_piece(vocab, piece += 'x', PieceType::unused);
  const auto tokenizer = make(vocab);
  ASSERT_NE(tokenizer, nullptr);
  const std::string text(20'000, 'x');
  const auto ids = encode(*tokenizer, text);
  EXPECT_EQ(decode_all(*tokenizer, ids), text);
  for (const TokenId id : ids) EXPECT_NE(tokenizer->type(id), PieceType::unused);
}

// A character map by hand. darts-clone packs a unit as: label in the low byte, bit 8 "a value
// follows", the distance to the children (xor) from bit 10.
class CharsMapTest : public ::testing::Test {
 protected:
  // Maps "a" to the text at `value`; units 0..255 belong to the root, 256..511 to "a".
  static std::string map_of_a(uint32_t value, std::string replacements) {
    std::vector<uint32_t> units(512, 0x80000000u);
    units[0] = 0;  // children at 0 xor byte
    units['a'] = 'a' | 1u << 8 | ((256u ^ 'a' ^ 'a') << 10);
    units[256 ^ 'a'] = 0x80000000u | value;
    return pack(units, replacements);
  }
  static std::string pack(const std::vector<uint32_t>& units, const std::string& replacements) {
    std::string out(4 + 4 * units.size(), '\0');
    const auto n_bytes = static_cast<uint32_t>(4 * units.size());
    std::memcpy(out.data(), &n_bytes, 4);
    std::memcpy(out.data() + 4, units.data(), 4 * units.size());
    return out + replacements;
  }
  static StatusCode code(const std::string& blob) {
    const auto made = CharsMap::make(blob, "map");
    return made.ok() ? StatusCode::ok : made.status().code();
  }
};

TEST_F(CharsMapTest, ReplacesWhatItSays) {
  const auto map = CharsMap::make(map_of_a(1, std::string("\0xyz\0", 5)), "map");
  ASSERT_TRUE(map.ok()) << map.status().message();
  std::string_view replacement;
  EXPECT_EQ(map->longest_prefix("ab", replacement), 1u);
  EXPECT_EQ(replacement, "xyz");
  EXPECT_EQ(map->longest_prefix("ba", replacement), 0u);
  EXPECT_EQ(map->longest_prefix("", replacement), 0u);
}

TEST_F(CharsMapTest, ReplacementsOutsideTheMapAreCorrupt) {
  EXPECT_EQ(code(map_of_a(5, std::string("\0xyz\0", 5))), StatusCode::corrupt);
  EXPECT_EQ(code(map_of_a(0x7FFFFFFF, std::string("\0", 1))), StatusCode::corrupt);
  EXPECT_EQ(code(map_of_a(0, "no end")), StatusCode::corrupt);
  EXPECT_EQ(code(map_of_a(0, "")), StatusCode::corrupt);
  EXPECT_EQ(code(map_of_a(0, std::string(100'000, 'x') + '\0')), StatusCode::corrupt)
      << "one byte of text must not become 100,000";
}

TEST_F(CharsMapTest, ChildrenOutsideTheTrieAreCorrupt) {
  std::vector<uint32_t> units(256, 0);
  units[0] = 1u << 10 << 9;  // children far outside
  EXPECT_EQ(code(pack(units, std::string(1, '\0'))), StatusCode::corrupt);
  EXPECT_EQ(code(pack({0}, std::string(1, '\0'))), StatusCode::corrupt) << "a trie of one unit";
}

TEST_F(CharsMapTest, WrongSizesAreCorrupt) {
  for (const uint32_t size : {0u, 1u, 6u, 0x7FFFFFFCu, 0xFFFFFFFFu, 0xFFFFFFFCu}) {
    std::string blob = map_of_a(0, std::string(1, '\0'));
    std::memcpy(blob.data(), &size, 4);
    EXPECT_EQ(code(blob), StatusCode::corrupt) << size;
  }
  for (size_t n = 1; n < 4; ++n) EXPECT_EQ(code(std::string(n, '\0')), StatusCode::corrupt);
  EXPECT_EQ(code(""), StatusCode::ok) << "no map is the identity";
}

TEST_F(CharsMapTest, GarbageInAModelIsRefusedOrHarmless) {
  std::mt19937 rng(6);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint32_t> units(256 << rng() % 3);
    for (uint32_t& unit : units) {
      unit = static_cast<uint32_t>(rng()) & (rng() % 2 == 0 ? 0xFFFFFFFFu : 0x1FFu);
    }
    SpmModel model = small_model({kSpace, "a"});
    model.charsmap = pack(units, std::string(1 + rng() % 100, static_cast<char>(rng() % 2)) + '\0');
    const auto made = load(model);
    if (!made.ok()) continue;
    std::vector<TokenId> ids;
    EXPECT_TRUE((*made)->encode(random_text(rng, true), {}, ids).ok());
  }
}

}  // namespace
}  // namespace cria::text
