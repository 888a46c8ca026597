#include "api/synth_vocabulary.h"

#include "base/str_cat.h"

namespace cria::api {
namespace {

using text::PieceType;
using text::TokenId;
using text::VocabularyData;

constexpr char kSpace[] = "\xe2\x96\x81";  // U+2581
constexpr char kChatMl[] =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] "
    "+ "
    "'<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ "
    "'<|im_start|>assistant\\n' }}{% endif %}";

// The i-th string over the alphabet a to z in order of length: a, b, ..., z, aa, ab, ...
std::string letters(int64_t i) {
  std::string text;
  for (++i; i > 0; i = (i - 1) / 26)
    text.insert(text.begin(), static_cast<char>('a' + (i - 1) % 26));
  return text;
}

void add(VocabularyData& data, std::string piece, PieceType type) {
  // Earlier pieces merge first, as in vocabularies that were trained.
  const float score = type == PieceType::normal ? -static_cast<float>(data.pieces.size()) : 0.0f;
  data.pieces.push_back(std::move(piece));
  data.types.push_back(type);
  data.scores.push_back(score);
}

VocabularyData make_up(int n_vocab) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  VocabularyData data;
  data.model = "llama";
  add(data, "<unk>", PieceType::unknown);
  add(data, "<s>", PieceType::control);
  add(data, "</s>", PieceType::control);
  for (int byte = 0; byte < 256; ++byte) {
    add(data, str_cat("<0x", kHex[byte >> 4], kHex[byte & 15], ">"), PieceType::byte);
  }
  add(data, "<|im_start|>", PieceType::control);
  add(data, "<|im_end|>", PieceType::control);
  add(data, kSpace, PieceType::normal);
  for (char c = '!'; c <= '~'; ++c) add(data, std::string(1, c), PieceType::normal);
  for (int64_t i = 26; static_cast<int>(data.pieces.size()) < n_vocab; ++i) {
    add(data, letters(i), PieceType::normal);
    if (static_cast<int>(data.pieces.size()) < n_vocab) {
      add(data, kSpace + letters(i - 26), PieceType::normal);
    }
  }
  data.special.unk = 0;
  data.special.bos = 1;
  data.special.eos = 2;
  data.special.eot = 260;
  data.special.add_bos = true;
  return data;
}

void add_id(file::GgufWriter& writer, const char* key, TokenId id) {
  if (id >= 0) writer.add_u32(key, static_cast<uint32_t>(id));
}

}  // namespace

Result<model::VocabularySource> vocabulary_for_synth(const std::string& path, int n_vocab) {
  if (!path.empty()) return model::read_vocabulary_source(path);
  return model::VocabularySource{.data = make_up(n_vocab), .chat_template = kChatMl};
}

void add_vocabulary(const model::VocabularySource& source, file::GgufWriter& writer) {
  const VocabularyData& data = source.data;
  writer.add_string("tokenizer.ggml.model", data.model);
  if (!data.pre.empty()) writer.add_string("tokenizer.ggml.pre", data.pre);
  writer.add_strings("tokenizer.ggml.tokens", data.pieces);
  if (!data.scores.empty()) writer.add_f32s("tokenizer.ggml.scores", data.scores);
  std::vector<int32_t> types;
  for (const PieceType type : data.types) types.push_back(static_cast<int32_t>(type));
  writer.add_i32s("tokenizer.ggml.token_type", types);
  if (!data.merges.empty()) writer.add_strings("tokenizer.ggml.merges", data.merges);
  const text::SpecialTokens& special = data.special;
  add_id(writer, "tokenizer.ggml.bos_token_id", special.bos);
  add_id(writer, "tokenizer.ggml.eos_token_id", special.eos);
  add_id(writer, "tokenizer.ggml.unknown_token_id", special.unk);
  add_id(writer, "tokenizer.ggml.padding_token_id", special.pad);
  add_id(writer, "tokenizer.ggml.eot_token_id", special.eot);
  add_id(writer, "tokenizer.ggml.eom_token_id", special.eom);
  writer.add_bool("tokenizer.ggml.add_bos_token", special.add_bos);
  writer.add_bool("tokenizer.ggml.add_eos_token", special.add_eos);
  if (data.model == "llama") {
    writer.add_bool("tokenizer.ggml.add_space_prefix", data.add_space_prefix);
  }
  if (!source.chat_template.empty()) {
    writer.add_string("tokenizer.chat_template", source.chat_template);
  }
}

}  // namespace cria::api
