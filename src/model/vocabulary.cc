#include "model/vocabulary.h"

#include <algorithm>

#include "base/str_cat.h"
#include "file/readers.h"

namespace cria::model {
namespace {

using text::PieceType;
using text::TokenId;
using text::VocabularyData;

// Sizes that no vocabulary comes near; what a small file claims beyond them would cost many times
// the file in memory before anything else could be found wrong with it.
constexpr uint64_t kMaxTokens = 1 << 20;
constexpr uint64_t kMaxMerges = 1 << 22;
constexpr uint64_t kFewTokens = 1 << 16;
constexpr uint64_t kLengthBytes = 8;   // before each text of an array
constexpr uint64_t kMinMeanBytes = 3;  // of a text; among more than 65,536 texts few are shorter

// Before an array is taken out of the file: its number of items, 0 where there is none.
// Errors: corrupt where n_expected is not 0 and the array has another number.
Status check_count(const file::Catalog& catalog, std::string_view key, uint64_t n_expected,
                   uint64_t n_most) {
  const file::MetaValue* value = catalog.find(key);
  const auto* array = value == nullptr ? nullptr : std::get_if<file::MetaArray>(&value->value);
  if (array == nullptr) return {};
  if (n_expected != 0 && array->count != n_expected) {
    return corrupt(catalog.source_name, ": at byte ", value->file_offset, ": metadata ", key,
                   ": found ", array->count, " items, expected one for each of ", n_expected,
                   " tokens");
  }
  const bool texts = array->elem_type == file::MetaType::string;
  const bool hollow = texts && array->count > kFewTokens &&
                      array->encoded.size() / (kLengthBytes + kMinMeanBytes) < array->count;
  if (array->count > n_most || hollow) {
    return corrupt(catalog.source_name, ": at byte ", value->file_offset, ": metadata ", key,
                   ": found ", array->count, " items in ", array->encoded.size(),
                   " bytes, expected at most ", n_most, " and texts of a few bytes each");
  }
  return {};
}

Status read_types(const file::Catalog& catalog, VocabularyData& data) {
  std::vector<int32_t> types;
  CRIA_RETURN_IF_ERROR(
      check_count(catalog, "tokenizer.ggml.token_type", data.pieces.size(), kMaxTokens));
  CRIA_RETURN_IF_ERROR(catalog.get("tokenizer.ggml.token_type", types));
  data.types.assign(data.pieces.size(), PieceType::normal);
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i] < 0 || types[i] > static_cast<int32_t>(PieceType::byte)) {
      return corrupt(catalog.source_name, ": metadata tokenizer.ggml.token_type: item ", i,
                     ": found ", types[i], ", expected 0 to 6");
    }
    data.types[i] = static_cast<PieceType>(types[i]);
  }
  return {};
}

Status read_texts(const file::Catalog& catalog, std::string_view key, uint64_t n_most,
                  std::vector<std::string>& out) {
  std::vector<std::string_view> texts;
  CRIA_RETURN_IF_ERROR(check_count(catalog, key, 0, n_most));
  CRIA_RETURN_IF_ERROR(catalog.get(key, texts));
  out.assign(texts.begin(), texts.end());
  return {};
}

Status read_pieces(const file::Catalog& catalog, VocabularyData& data) {
  CRIA_RETURN_IF_ERROR(read_texts(catalog, "tokenizer.ggml.tokens", kMaxTokens, data.pieces));
  if (data.pieces.empty()) {
    return corrupt(catalog.source_name,
                   ": metadata tokenizer.ggml.tokens: found no tokens, expected at least one");
  }
  CRIA_RETURN_IF_ERROR(
      check_count(catalog, "tokenizer.ggml.scores", data.pieces.size(), kMaxTokens));
  CRIA_RETURN_IF_ERROR(catalog.get("tokenizer.ggml.scores", data.scores));
  CRIA_RETURN_IF_ERROR(read_types(catalog, data));
  return read_texts(catalog, "tokenizer.ggml.merges", kMaxMerges, data.merges);
}

Status read_id(const file::Catalog& catalog, const char* key, size_t n_vocab, TokenId& out) {
  if (catalog.find(key) == nullptr) return {};
  uint32_t id = 0;
  CRIA_RETURN_IF_ERROR(catalog.get(key, id));
  // "No such token", as some converters write it.
  if (id == UINT32_MAX) return {};
  if (id >= n_vocab) {
    return corrupt(catalog.source_name, ": at byte ", catalog.find(key)->file_offset, ": metadata ",
                   key, ": found ", id, ", expected less than the ", n_vocab, " tokens");
  }
  out = static_cast<TokenId>(id);
  return {};
}

Status read_special(const file::Catalog& catalog, VocabularyData& data) {
  text::SpecialTokens& special = data.special;
  if (data.model == "llama" && data.pieces.size() > 2) {  // what the format implies
    special.unk = 0;
    special.bos = 1;
    special.eos = 2;
  }
  const struct {
    const char* key;
    TokenId& id;
  } rows[] = {{"tokenizer.ggml.bos_token_id", special.bos},
              {"tokenizer.ggml.eos_token_id", special.eos},
              {"tokenizer.ggml.unknown_token_id", special.unk},
              {"tokenizer.ggml.padding_token_id", special.pad},
              {"tokenizer.ggml.eot_token_id", special.eot},
              {"tokenizer.ggml.eom_token_id", special.eom}};
  for (const auto& row : rows) {
    CRIA_RETURN_IF_ERROR(read_id(catalog, row.key, data.pieces.size(), row.id));
  }
  // What files of these kinds mean where they do not say it.
  bool adds_bos = data.model == "llama";
  for (const char* pre : {"llama-bpe", "llama3", "llama-v3", "falcon3"}) {
    adds_bos = adds_bos || data.pre == pre;
  }
  special.add_bos = adds_bos && special.bos >= 0;
  CRIA_RETURN_IF_ERROR(catalog.get("tokenizer.ggml.add_bos_token", special.add_bos));
  CRIA_RETURN_IF_ERROR(catalog.get("tokenizer.ggml.add_eos_token", special.add_eos));
  special.add_bos = special.add_bos && special.bos >= 0;
  special.add_eos = special.add_eos && special.eos >= 0;
  CRIA_RETURN_IF_ERROR(catalog.get("tokenizer.ggml.add_space_prefix", data.add_space_prefix));
  CRIA_RETURN_IF_ERROR(
      catalog.get("tokenizer.ggml.remove_extra_whitespaces", data.remove_extra_whitespaces));
  CRIA_RETURN_IF_ERROR(check_count(catalog, "cria.also_stop_tokens", 0, kFewTokens));
  return catalog.get("cria.also_stop_tokens", special.also_stop);
}

Result<VocabularyData> read_vocabulary(const file::Catalog& catalog) {
  VocabularyData data;
  data.source_name = catalog.source_name;
  std::string_view kind, pre;
  CRIA_RETURN_IF_ERROR(catalog.get("tokenizer.ggml.model", kind));
  CRIA_RETURN_IF_ERROR(catalog.get("tokenizer.ggml.pre", pre));
  data.model = kind;
  data.pre = pre;
  if (kind.empty() || kind == "no_vocab" || kind == "none") {
    return Status(StatusCode::not_found,
                  str_cat(catalog.source_name,
                          ": has no vocabulary; name its file with --tokenizer (tokenizer.bin of "
                          "llama2.c, or a SentencePiece .model)"));
  }
  CRIA_RETURN_IF_ERROR(read_pieces(catalog, data));
  CRIA_RETURN_IF_ERROR(read_special(catalog, data));
  return data;
}

void collect_stop_tokens(Vocabulary& vocabulary) {
  const text::SpecialTokens& special = vocabulary.tokenizer->special();
  std::vector<TokenId>& stops = vocabulary.stop_tokens;
  for (const TokenId id : {special.eos, special.eot, special.eom}) {
    if (id >= 0) stops.push_back(id);
  }
  for (const TokenId id : special.also_stop) {
    if (id >= 0 && id < vocabulary.tokenizer->n_vocab()) stops.push_back(id);
  }
  if (!vocabulary.chat_template.ok()) return;
  for (const std::string& end : (*vocabulary.chat_template)->end_of_turn()) {
    const TokenId id = vocabulary.tokenizer->find_piece(end);
    if (id >= 0) stops.push_back(id);
  }
}

std::shared_ptr<const Vocabulary> finish(std::unique_ptr<text::Tokenizer> tokenizer,
                                         std::string_view template_source,
                                         std::string_view source_name) {
  auto vocabulary = std::make_shared<Vocabulary>();
  vocabulary->tokenizer = std::move(tokenizer);
  vocabulary->chat_template_source = template_source;
  if (template_source.empty()) {
    vocabulary->chat_template =
        Status(StatusCode::not_found,
               str_cat(source_name, ": has no chat template; force one with --chat-template NAME"));
  } else {
    vocabulary->chat_template = text::recognize_chat_template(template_source);
  }
  collect_stop_tokens(*vocabulary);
  return vocabulary;
}

// A vocabulary file of any kind: a catalog, or the bytes of a SentencePiece .model.
struct VocabularyFile {
  std::shared_ptr<const MappedFile> mapped;
  std::shared_ptr<const file::Catalog> catalog;  // null: a .model
};

Result<VocabularyFile> open_file(const std::string& path) {
  VocabularyFile opened;
  auto mapped = MappedFile::open(path);
  if (!mapped.ok()) return mapped.status();
  opened.mapped = std::move(*mapped);
  const Bytes bytes = opened.mapped->bytes();
  if (file::looks_like_gguf(bytes)) {
    auto catalog = file::open_catalog(path, "");
    if (!catalog.ok()) return catalog.status();
    opened.catalog = std::move(*catalog);
  } else if (!text::looks_like_sentencepiece_model(bytes)) {
    auto catalog = std::make_shared<file::Catalog>();
    catalog->source_name = path;
    CRIA_RETURN_IF_ERROR(file::read_llama2c_tokenizer(bytes, path, *catalog));
    opened.catalog = std::move(catalog);
  }
  return opened;
}

}  // namespace

bool Vocabulary::is_stop(TokenId id) const {
  return std::find(stop_tokens.begin(), stop_tokens.end(), id) != stop_tokens.end();
}

std::string Vocabulary::token_text(TokenId id) const {
  std::string text;
  if (id < 0 || !tokenizer->append_piece(id, true, text).ok()) text.clear();
  return text;
}

Result<std::shared_ptr<const Vocabulary>> vocabulary_from_catalog(const file::Catalog& catalog) {
  auto data = read_vocabulary(catalog);
  if (!data.ok()) return data.status();
  auto tokenizer = text::make_tokenizer(std::move(*data));
  if (!tokenizer.ok()) return tokenizer.status();
  std::string_view source;
  CRIA_RETURN_IF_ERROR(catalog.get("tokenizer.chat_template", source));
  return finish(std::move(*tokenizer), source, catalog.source_name);
}

Result<std::shared_ptr<const Vocabulary>> open_vocabulary(const std::string& path) {
  const auto opened = open_file(path);
  if (!opened.ok()) return opened.status();
  if (opened->catalog) return vocabulary_from_catalog(*opened->catalog);
  auto tokenizer = text::make_sentencepiece_tokenizer(opened->mapped->bytes(), path);
  if (!tokenizer.ok()) return tokenizer.status();
  return finish(std::move(*tokenizer), {}, path);
}

Result<VocabularySource> read_vocabulary_source(const std::string& path) {
  const auto opened = open_file(path);
  if (!opened.ok()) return opened.status();
  VocabularySource source;
  auto data = opened->catalog ? read_vocabulary(*opened->catalog)
                              : text::parse_sentencepiece_model(opened->mapped->bytes(), path);
  if (!data.ok()) return data.status();
  source.data = std::move(*data);
  if (opened->catalog) {
    std::string_view chat_template;
    CRIA_RETURN_IF_ERROR(opened->catalog->get("tokenizer.chat_template", chat_template));
    source.chat_template = chat_template;
  }
  return source;
}

}  // namespace cria::model
