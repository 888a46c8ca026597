#include "text/spm_model.h"

#include <cmath>
#include <cstring>

#include "base/str_cat.h"
#include "text/piece_table.h"

namespace cria::text {
namespace {

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };

// Field numbers of sentencepiece_model.proto.
constexpr uint32_t kModelPieces = 1, kModelTrainer = 2, kModelNormalizer = 3;
constexpr uint32_t kPieceText = 1, kPieceScore = 2, kPieceType = 3;
constexpr uint32_t kTrainerModelType = 3, kTrainerSuffix = 24, kTrainerByteFallback = 35;
constexpr uint32_t kTrainerBos = 46, kTrainerEos = 47, kTrainerPad = 48;
constexpr uint32_t kNormalizerName = 1, kNormalizerCharsmap = 2, kNormalizerDummyPrefix = 3;
constexpr uint32_t kNormalizerExtraSpaces = 4, kNormalizerEscape = 5;
constexpr uint64_t kUnigram = 1, kBpe = 2;

// An empty piece takes two bytes of a file and 40 of memory. Known vocabularies end at 256 Ki.
constexpr size_t kMaxPieces = size_t{1} << 20;

struct Field {
  uint32_t number = 0;
  uint32_t wire_type = 0;
  uint64_t number_value = 0;   // varint; the bits of fixed32
  std::string_view delimited;  // a view of the file
  uint64_t position = 0;       // of the value, for messages

  bool is(uint32_t wanted_number, uint32_t wanted_type) const {
    return number == wanted_number && wire_type == wanted_type;
  }
  float as_float() const {
    const auto bits = static_cast<uint32_t>(number_value);
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
};

// The fields of one message, which ends at byte `end` of the reader.
class WireReader {
 public:
  WireReader(ByteReader& reader, uint64_t end) : reader_(reader), end_(end) {}

  bool at_end() const { return reader_.position() >= end_; }

  Status next(Field& field) {
    const uint64_t start = reader_.position();
    uint64_t tag = 0;
    CRIA_RETURN_IF_ERROR(varint("field tag", tag));
    field = Field();
    field.number = static_cast<uint32_t>(tag >> 3);
    field.wire_type = static_cast<uint32_t>(tag & 7);
    if (tag >> 32 != 0 || field.number == 0) {
      return reader_.error_at(start, "field tag", "found ", tag, ", which names no field");
    }
    field.position = reader_.position();
    CRIA_RETURN_IF_ERROR(read_value(field, start));
    if (reader_.position() > end_) {
      return reader_.error_at(start, "field", "ends at byte ", reader_.position(),
                              ", past its message, which ends at byte ", end_);
    }
    return {};
  }

 private:
  Status varint(std::string_view what, uint64_t& out) {
    out = 0;
    const uint64_t start = reader_.position();
    for (unsigned shift = 0; shift < 64; shift += 7) {
      uint8_t byte = 0;
      CRIA_RETURN_IF_ERROR(reader_.read(what, byte));
      out |= uint64_t{byte & 0x7Fu} << shift;
      if ((byte & 0x80) == 0) return {};
    }
    return reader_.error_at(start, what, "a number of more than 10 bytes");
  }

  Status read_value(Field& field, uint64_t start) {
    switch (field.wire_type) {
      case kVarint:
        return varint("number", field.number_value);
      case kFixed64:
        return reader_.read("fixed64", field.number_value);
      case kFixed32: {
        uint32_t bits = 0;
        CRIA_RETURN_IF_ERROR(reader_.read("fixed32", bits));
        field.number_value = bits;
        return {};
      }
      case kDelimited: {
        uint64_t n_bytes = 0;
        CRIA_RETURN_IF_ERROR(varint("length", n_bytes));
        field.position = reader_.position();
        return reader_.read_text("field bytes", n_bytes, field.delimited);
      }
      default:
        return reader_.error_at(start, "wire type", "found ", field.wire_type,
                                ", expected 0, 1, 2 or 5");
    }
  }

  ByteReader& reader_;
  uint64_t end_;
};

// A model while its messages are read, twice: first to check and count, then to keep the pieces, so
// that a file which is refused costs no memory.
class ModelParser {
 public:
  ModelParser(Bytes bytes, std::string_view source_name) : reader_(bytes, source_name) {
    model_.vocab.source_name = source_name;
    model_.vocab.remove_extra_whitespaces = true;  // the format's default
  }

  Status parse() {
    CRIA_RETURN_IF_ERROR(read_messages());
    CRIA_RETURN_IF_ERROR(check_kind());
    model_.charsmap = charsmap_;
    model_.vocab.pieces.reserve(n_pieces_);
    model_.vocab.scores.reserve(n_pieces_);
    model_.vocab.types.reserve(n_pieces_);
    keeps_pieces_ = true;
    CRIA_RETURN_IF_ERROR(reader_.seek("model", 0));
    CRIA_RETURN_IF_ERROR(read_messages());
    find_special();
    return {};
  }

  SpmModel& model() { return model_; }

 private:
  Status read_messages() {
    WireReader wire(reader_, reader_.size());
    Field field;
    while (!wire.at_end()) {
      CRIA_RETURN_IF_ERROR(wire.next(field));
      if (field.is(kModelPieces, kDelimited)) {
        CRIA_RETURN_IF_ERROR(message(field, &ModelParser::piece));
      } else if (field.is(kModelTrainer, kDelimited)) {
        has_trainer_ = true;
        CRIA_RETURN_IF_ERROR(message(field, &ModelParser::trainer));
      } else if (field.is(kModelNormalizer, kDelimited)) {
        has_normalizer_ = true;
        CRIA_RETURN_IF_ERROR(message(field, &ModelParser::normalizer));
      }  // self-test data and a denormalizer are of no use here
    }
    return {};
  }

  Status message(const Field& field, Status (ModelParser::*read)(WireReader&)) {
    const uint64_t end = field.position + field.delimited.size();
    CRIA_RETURN_IF_ERROR(reader_.seek("message", field.position));
    WireReader wire(reader_, end);
    return (this->*read)(wire);
  }

  Status piece(WireReader& wire) {
    const uint64_t start = reader_.position();
    std::string_view text;
    float score = 0;
    uint64_t type = static_cast<uint64_t>(PieceType::normal);
    Field field;
    while (!wire.at_end()) {
      CRIA_RETURN_IF_ERROR(wire.next(field));
      if (field.is(kPieceText, kDelimited)) text = field.delimited;
      if (field.is(kPieceScore, kFixed32)) score = field.as_float();
      if (!field.is(kPieceType, kVarint)) continue;
      type = field.number_value;
      if (type < 1 || type > static_cast<uint64_t>(PieceType::byte)) {
        return reader_.error_at(field.position, "piece type", "found ", type, ", expected 1 to 6");
      }
    }
    if (!keeps_pieces_) return check_piece(start, text, score, static_cast<PieceType>(type));
    model_.vocab.pieces.emplace_back(text);
    model_.vocab.scores.push_back(score);
    model_.vocab.types.push_back(static_cast<PieceType>(type));
    return {};
  }

  Status check_piece(uint64_t start, std::string_view text, float score, PieceType type) {
    if (++n_pieces_ > kMaxPieces) {
      return unsupported(reader_.source_name(), ": at byte ", start, ": more than ", kMaxPieces,
                         " pieces; that is the limit");
    }
    if (!std::isfinite(score)) {
      return reader_.error_at(start, "piece score", "found no finite number");
    }
    if (type == PieceType::byte && parse_byte_piece(text) < 0) {
      return reader_.error_at(start, "byte piece", "found ", quoted(text),
                              ", expected <0x00> to <0xFF>");
    }
    return {};
  }

  Status trainer(WireReader& wire) {
    Field field;
    while (!wire.at_end()) {
      CRIA_RETURN_IF_ERROR(wire.next(field));
      if (field.is(kTrainerModelType, kVarint)) model_type_ = field.number_value;
      if (field.is(kTrainerSuffix, kVarint)) spaces_are_suffixes_ = field.number_value != 0;
      if (field.is(kTrainerBos, kDelimited)) bos_ = field.delimited;
      if (field.is(kTrainerEos, kDelimited)) eos_ = field.delimited;
      if (field.is(kTrainerPad, kDelimited)) pad_ = field.delimited;
    }
    return {};
  }

  Status normalizer(WireReader& wire) {
    Field field;
    while (!wire.at_end()) {
      CRIA_RETURN_IF_ERROR(wire.next(field));
      const bool flag = field.number_value != 0;
      if (field.is(kNormalizerCharsmap, kDelimited)) charsmap_ = field.delimited;
      if (field.is(kNormalizerDummyPrefix, kVarint)) model_.vocab.add_space_prefix = flag;
      if (field.is(kNormalizerExtraSpaces, kVarint)) model_.vocab.remove_extra_whitespaces = flag;
      if (field.is(kNormalizerEscape, kVarint)) model_.escape_whitespaces = flag;
    }
    return {};
  }

  Status check_kind() {
    const std::string_view name = reader_.source_name();
    // Both stand in every real file; without this check a file cut between two pieces would pass.
    if (!has_trainer_ || !has_normalizer_) {
      return reader_.error("end", "found no ", has_trainer_ ? "normalizer_spec" : "trainer_spec",
                           "; is this a whole SentencePiece model?");
    }
    if (model_type_ != kUnigram && model_type_ != kBpe) {
      return unsupported(name, ": SentencePiece model type ", model_type_,
                         "; known: 1 (unigram), 2 (BPE)");
    }
    if (spaces_are_suffixes_) {
      return unsupported(name, ": treat_whitespace_as_suffix is not supported");
    }
    model_.is_unigram = model_type_ == kUnigram;
    model_.vocab.model = model_.is_unigram ? "t5" : "llama";  // GGUF's names
    return {};
  }

  void find_special() {
    SpecialTokens& special = model_.vocab.special;
    special.bos = find_control(bos_);
    special.eos = find_control(eos_);
    special.pad = find_control(pad_);
    special.unk = find_type(PieceType::unknown);
    special.add_bos = special.bos != -1;  // as every model of the LLaMA family wants it
  }

  TokenId find_control(std::string_view piece) const {
    for (size_t i = 0; i < model_.vocab.pieces.size(); ++i) {
      const bool is_control = model_.vocab.types[i] == PieceType::control;
      if (is_control && model_.vocab.pieces[i] == piece) return static_cast<TokenId>(i);
    }
    return -1;
  }

  TokenId find_type(PieceType type) const {
    for (size_t i = 0; i < model_.vocab.types.size(); ++i) {
      if (model_.vocab.types[i] == type) return static_cast<TokenId>(i);
    }
    return -1;
  }

  ByteReader reader_;
  SpmModel model_;
  bool has_trainer_ = false, has_normalizer_ = false, spaces_are_suffixes_ = false;
  bool keeps_pieces_ = false;
  size_t n_pieces_ = 0;
  uint64_t model_type_ = kUnigram;
  std::string_view charsmap_;
  std::string_view bos_ = "<s>", eos_ = "</s>", pad_ = "<pad>";
};

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void put_number(std::string& out, uint32_t field, uint64_t value) {
  put_varint(out, uint64_t{field} << 3 | kVarint);
  put_varint(out, value);
}

void put_bytes(std::string& out, uint32_t field, std::string_view bytes) {
  put_varint(out, uint64_t{field} << 3 | kDelimited);
  put_varint(out, bytes.size());
  out += bytes;
}

void put_float(std::string& out, uint32_t field, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  put_varint(out, uint64_t{field} << 3 | kFixed32);
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(bits >> shift);
}

}  // namespace

Result<SpmModel> read_spm_model(Bytes bytes, std::string_view source_name) {
  ModelParser parser(bytes, source_name);
  CRIA_RETURN_IF_ERROR(parser.parse());
  return std::move(parser.model());
}

std::string write_spm_model(const SpmModel& model) {
  std::string out, message;
  for (size_t i = 0; i < model.vocab.pieces.size(); ++i) {
    message.clear();
    put_bytes(message, kPieceText, model.vocab.pieces[i]);
    put_float(message, kPieceScore, model.vocab.scores[i]);
    put_number(message, kPieceType, static_cast<uint64_t>(model.vocab.types[i]));
    put_bytes(out, kModelPieces, message);
  }
  message.clear();
  put_number(message, kTrainerModelType, model.is_unigram ? kUnigram : kBpe);
  put_number(message, kTrainerByteFallback, 1);
  put_bytes(out, kModelTrainer, message);
  message.clear();
  put_bytes(message, kNormalizerName, model.charsmap.empty() ? "identity" : "user_defined");
  if (!model.charsmap.empty()) put_bytes(message, kNormalizerCharsmap, model.charsmap);
  put_number(message, kNormalizerDummyPrefix, model.vocab.add_space_prefix ? 1 : 0);
  put_number(message, kNormalizerExtraSpaces, model.vocab.remove_extra_whitespaces ? 1 : 0);
  put_number(message, kNormalizerEscape, model.escape_whitespaces ? 1 : 0);
  put_bytes(out, kModelNormalizer, message);
  return out;
}

}  // namespace cria::text
