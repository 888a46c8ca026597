// Reads the vocabulary file of llama2.c, tokenizer.bin: the longest piece's size, then per token a
// score, a size and the text. It says neither how many tokens it has nor which are special.
// Source: the exporter and the run program of karpathy's llama2.c.
#include <algorithm>
#include <cstring>

#include "file/append.h"
#include "file/readers.h"

namespace cria::file {
namespace {

constexpr uint32_t kMaxPieceBytes = 65535;
constexpr uint32_t kUntilTheEnd = 0;                 // the number of tokens where no model says it
constexpr uint64_t kMinTokenBytes = 8;               // a score, a size and no text
constexpr std::string_view kSpace = "\xe2\x96\x81";  // U+2581, which the file spells as a space
constexpr std::string_view kSpecialNames[] = {"<unk>", "<s>", "</s>"};
constexpr uint32_t kUnknownId = 0, kBosId = 1, kEosId = 2;
constexpr uint32_t kFirstByteId = 3, kNumBytes = 256;

// GGUF's piece types.
constexpr int32_t kNormal = 1, kUnknown = 2, kControl = 3, kByte = 6;

struct Vocabulary {
  uint32_t n_tokens = 0;
  std::string tokens;  // all three encoded as GGUF's arrays are
  std::string scores;
  std::string types;
};

std::string with_visible_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ') {
      out += kSpace;
    } else {
      out += c;
    }
  }
  return out;
}

// "<0x0A>" for 10.
std::string byte_piece(uint32_t value) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  return str_cat("<0x", kHex[value >> 4], kHex[value & 15], ">");
}

void append_token(uint32_t id, std::string_view text, Vocabulary& out) {
  int32_t type = kNormal;
  std::string piece;
  if (id < std::size(kSpecialNames)) {
    // The file has these as texts to print ("\n<s>\n"): their names are what a vocabulary needs.
    type = id == kUnknownId ? kUnknown : kControl;
    piece = kSpecialNames[id];
  } else if (id < kFirstByteId + kNumBytes && text == byte_piece(id - kFirstByteId)) {
    type = kByte;
    piece = text;
  } else {
    piece = with_visible_spaces(text);
  }
  append_text(out.tokens, piece);
  append_number(out.types, type);
}

Status read_token(ByteReader& in, uint32_t id, uint32_t max_piece_bytes, Vocabulary& out) {
  const std::string field = str_cat("token ", id);
  float score = 0;
  CRIA_RETURN_IF_ERROR(in.read(field, score));
  const uint64_t position = in.position();
  int32_t n_bytes = 0;
  CRIA_RETURN_IF_ERROR(in.read(field, n_bytes));
  if (n_bytes < 0 || static_cast<uint32_t>(n_bytes) > max_piece_bytes) {
    return in.error_at(position, field, "found a length of ", n_bytes, ", expected 0 to ",
                       max_piece_bytes, ", the longest that the file announces");
  }
  std::string_view text;
  CRIA_RETURN_IF_ERROR(in.read_text(field, static_cast<uint64_t>(n_bytes), text));
  append_number(out.scores, score);
  append_token(id, text, out);
  return {};
}

Status read_vocabulary(ByteReader& in, Vocabulary& out) {
  uint32_t max_piece_bytes = 0;
  CRIA_RETURN_IF_ERROR(in.read("longest piece", max_piece_bytes));
  if (max_piece_bytes < 1 || max_piece_bytes > kMaxPieceBytes) {
    return in.error_at(0, "longest piece", "found ", max_piece_bytes, ", expected 1 to ",
                       kMaxPieceBytes, "; is this a llama2.c tokenizer.bin?");
  }
  if (out.n_tokens == kUntilTheEnd) {
    while (in.remaining() > 0) {
      CRIA_RETURN_IF_ERROR(read_token(in, out.n_tokens++, max_piece_bytes, out));
    }
    return {};
  }
  CRIA_RETURN_IF_ERROR(in.require_items("vocabulary", out.n_tokens, kMinTokenBytes));
  for (uint32_t id = 0; id < out.n_tokens; ++id) {
    CRIA_RETURN_IF_ERROR(read_token(in, id, max_piece_bytes, out));
  }
  if (in.remaining() == 0) return {};
  return in.error("end", "found ", in.remaining(), " bytes after token ", out.n_tokens - 1,
                  ", expected none: the model has ", out.n_tokens,
                  " tokens; this vocabulary belongs to another model");
}

// The size of the model's vocabulary, which the file does not say: on its own, all that it holds.
Status find_n_tokens(const ByteReader& in, const Catalog& catalog, uint32_t& out) {
  if (catalog.format.empty()) {  // no model
    out = kUntilTheEnd;
    return {};
  }
  CRIA_RETURN_IF_ERROR(catalog.get("llama.vocab_size", out));
  const NamedTensor* embedding = catalog.find_tensor("token_embd.weight");
  if (out == 0 && embedding != nullptr && embedding->view.n_rows() <= INT32_MAX) {
    out = static_cast<uint32_t>(embedding->view.n_rows());
  }
  if (out > std::size(kSpecialNames) && out <= static_cast<uint32_t>(INT32_MAX)) return {};
  return in.error_at(
      0, "vocabulary", "found a model (", catalog.source_name, ") of ", out,
      " tokens, expected one of 4 to 2147483647: a tokenizer.bin does not say its own "
      "number");
}

void add_value(Catalog& catalog, std::string_view key, MetaType type,
               decltype(MetaValue::value) value) {
  MetaValue meta;
  meta.type = type;
  meta.value = value;
  catalog.metadata.emplace_back(key, meta);
}

void add_array(Catalog& catalog, std::string_view key, MetaType elem_type, uint64_t count,
               std::string encoded) {
  const std::string_view kept = catalog.own(std::move(encoded));
  add_value(catalog, key, MetaType::array, MetaArray{elem_type, count, as_bytes(kept)});
}

void replace_vocabulary(Vocabulary vocabulary, Catalog& catalog) {
  std::erase_if(catalog.metadata, [](const auto& entry) {
    return entry.first.starts_with("tokenizer.") || entry.first == "cria.also_stop_tokens";
  });
  const uint64_t n = vocabulary.n_tokens;
  const auto id = [](uint32_t value) { return static_cast<uint64_t>(value); };
  add_value(catalog, "tokenizer.ggml.model", MetaType::string, std::string_view("llama"));
  add_array(catalog, "tokenizer.ggml.tokens", MetaType::string, n, std::move(vocabulary.tokens));
  add_array(catalog, "tokenizer.ggml.scores", MetaType::f32, n, std::move(vocabulary.scores));
  add_array(catalog, "tokenizer.ggml.token_type", MetaType::i32, n, std::move(vocabulary.types));
  add_value(catalog, "tokenizer.ggml.bos_token_id", MetaType::u32, id(kBosId));
  add_value(catalog, "tokenizer.ggml.eos_token_id", MetaType::u32, id(kEosId));
  add_value(catalog, "tokenizer.ggml.unknown_token_id", MetaType::u32, id(kUnknownId));
  add_value(catalog, "tokenizer.ggml.add_bos_token", MetaType::boolean, true);
  add_value(catalog, "tokenizer.ggml.add_space_prefix", MetaType::boolean, true);
  // Ours: these models were trained on texts that each begin with BOS, so a BOS ends the text
  // before it, and they never learnt to say EOS.
  std::string also_stop;
  append_number(also_stop, static_cast<int32_t>(kBosId));
  add_array(catalog, "cria.also_stop_tokens", MetaType::i32, 1, std::move(also_stop));
}

}  // namespace

bool looks_like_llama2c_tokenizer(Bytes bytes) {
  uint32_t max_piece_bytes = 0;
  if (bytes.size() < sizeof max_piece_bytes) return false;
  std::memcpy(&max_piece_bytes, bytes.data(), sizeof max_piece_bytes);
  return max_piece_bytes >= 1 && max_piece_bytes <= kMaxPieceBytes;
}

Status read_llama2c_tokenizer(Bytes bytes, std::string_view name, Catalog& catalog) {
  ByteReader in(bytes, name);
  Vocabulary vocabulary;
  CRIA_RETURN_IF_ERROR(find_n_tokens(in, catalog, vocabulary.n_tokens));
  CRIA_RETURN_IF_ERROR(read_vocabulary(in, vocabulary));
  replace_vocabulary(std::move(vocabulary), catalog);
  return catalog.index();
}

}  // namespace cria::file
