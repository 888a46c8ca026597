// What the tests of this folder share: vocabularies from files and by hand, random texts.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace cria::text {

// Fail the test and return null where the file cannot be read or the vocabulary is refused.
std::unique_ptr<Tokenizer> tokenizer_from_gguf(const std::string& path);
std::unique_ptr<Tokenizer> tokenizer_from_model_file(const std::string& path);
std::unique_ptr<Tokenizer> make(VocabularyData vocab);
VocabularyData vocabulary_from_gguf(const std::string& path);
// Fails the test where the tokenizer refuses.
std::vector<TokenId> encode(const Tokenizer& tokenizer, std::string_view text,
                            EncodeOptions options = {false, false});
std::string decode_all(const Tokenizer& tokenizer, const std::vector<TokenId>& ids,
                       bool show_control = false);

// <unk> <s> </s>, 256 byte pieces, then the given ones with scores -1, -2, ...
VocabularyData small_spm_vocabulary(const std::vector<std::string>& pieces);
// GPT-2's letter of a byte: printable bytes are themselves, the others follow from U+0100.
std::string byte_letter(unsigned byte);
// The 256 letters of GPT-2's alphabet, then what the merges make, in their order.
VocabularyData small_bpe_vocabulary(const std::string& pre, const std::vector<std::string>& merges);
void add_piece(VocabularyData& vocab, const std::string& piece, PieceType type);

// Encodes texts made of the vocabulary's own pieces and of random ones, and fails the test where
// one has fewer tokens than max_piece_bytes says. Returns how many could be encoded.
int check_max_piece_bytes(const Tokenizer& tokenizer, std::mt19937& rng, int n_texts);

// Words, spaces, digits, punctuation, CJK, emoji, combining marks, control characters.
std::string random_text(std::mt19937& rng, bool allow_invalid_utf8);

}  // namespace cria::text
