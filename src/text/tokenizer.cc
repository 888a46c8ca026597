#include "text/tokenizer.h"

#include <utility>

#include "base/str_cat.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer_kinds.h"

namespace cria::text {

Result<std::unique_ptr<Tokenizer>> make_tokenizer(VocabularyData data) {
  if (data.model == "llama") {
    SpmModel model;
    model.vocab = std::move(data);
    return make_spm_tokenizer(std::move(model));
  }
  if (data.model == "gpt2") return make_bpe_tokenizer(std::move(data));
  return unsupported(data.source_name, ": tokenizer model ", quoted(data.model),
                     "; known: llama (SentencePiece BPE), gpt2 (byte-level BPE)");
}

bool looks_like_sentencepiece_model(Bytes bytes) {
  constexpr std::byte kFieldOne{0x0A};  // the tag of a model's pieces, and of a piece's spelling
  if (bytes.empty() || bytes[0] != kFieldOne) return false;
  size_t i = 1;  // the piece's length, in 7 bits a byte
  while (i < bytes.size() && i < 10 && (bytes[i] & std::byte{0x80}) != std::byte{0}) ++i;
  return i + 1 < bytes.size() && bytes[i] != std::byte{0} && bytes[i + 1] == kFieldOne;
}

Result<std::unique_ptr<Tokenizer>> make_sentencepiece_tokenizer(Bytes model,
                                                                std::string_view source_name) {
  auto parsed = read_spm_model(model, source_name);
  if (!parsed.ok()) return parsed.status();
  return make_spm_tokenizer(std::move(parsed.value()));
}

Result<VocabularyData> parse_sentencepiece_model(Bytes model, std::string_view source_name) {
  auto parsed = read_spm_model(model, source_name);
  if (!parsed.ok()) return parsed.status();
  return std::move(parsed->vocab);
}

std::vector<std::string_view> known_pre_tokenizers() { return pre_tokenizer_names(); }

}  // namespace cria::text
