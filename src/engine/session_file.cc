#include "engine/session_file.h"

#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "base/mapped_file.h"
#include "base/output_file.h"
#include "base/str_cat.h"
#include "model/fingerprint.h"

namespace cria::engine {
namespace {

constexpr std::string_view kMagic = "CRIA-KV\n";
constexpr uint32_t kVersion = 2;
constexpr size_t kNameBytes = 16;  // of the kernel table

// After the magic and the version; all numbers little-endian, as every machine that this library
// runs on. Then tokens, logits where there are any, and whole pages after the released ones.
struct Header {
  uint32_t page_tokens;
  uint64_t fingerprint;
  uint32_t k_type, v_type;
  uint32_t n_layers, n_kv_heads, head_dim;
  uint32_t has_logits;
  uint64_t n_tokens, n_released, n_vocab;
  char table[kNameBytes];
  uint64_t data_bytes;
  uint64_t data_checksum;
};

// Reads and writes the header's fields in their order.
template <typename Visit>
Status for_each_field(Header& header, const Visit& visit) {
  CRIA_RETURN_IF_ERROR(visit("tokens of a page", header.page_tokens));
  CRIA_RETURN_IF_ERROR(visit("model", header.fingerprint));
  CRIA_RETURN_IF_ERROR(visit("type of keys", header.k_type));
  CRIA_RETURN_IF_ERROR(visit("type of values", header.v_type));
  CRIA_RETURN_IF_ERROR(visit("number of layers", header.n_layers));
  CRIA_RETURN_IF_ERROR(visit("number of KV heads", header.n_kv_heads));
  CRIA_RETURN_IF_ERROR(visit("head size", header.head_dim));
  CRIA_RETURN_IF_ERROR(visit("logits", header.has_logits));
  CRIA_RETURN_IF_ERROR(visit("number of tokens", header.n_tokens));
  CRIA_RETURN_IF_ERROR(visit("number of released tokens", header.n_released));
  CRIA_RETURN_IF_ERROR(visit("vocabulary", header.n_vocab));
  for (char& letter : header.table) CRIA_RETURN_IF_ERROR(visit("kernel table", letter));
  CRIA_RETURN_IF_ERROR(visit("size", header.data_bytes));
  return visit("checksum", header.data_checksum);
}

Bytes bytes_of(std::span<const TokenId> tokens) { return std::as_bytes(tokens); }
Bytes bytes_of(std::span<const float> logits) { return std::as_bytes(logits); }

// What a file for this sequence must say of its kind.
Header header_for(Sequence& sequence) {
  const ops::KvShape& shape = sequence.engine().pool().shape();
  const model::Model& model = sequence.model();
  Header header = {};
  header.page_tokens = static_cast<uint32_t>(ops::kKvPage);
  header.fingerprint = model::fingerprint(*model.catalog);
  header.k_type = static_cast<uint32_t>(shape.k_type);
  header.v_type = static_cast<uint32_t>(shape.v_type);
  header.n_layers = static_cast<uint32_t>(shape.n_layers);
  header.n_kv_heads = static_cast<uint32_t>(shape.n_kv_heads);
  header.head_dim = static_cast<uint32_t>(shape.head_dim);
  header.n_vocab = static_cast<uint64_t>(model.config.n_vocab);
  const std::string_view table = model.kernels.name;
  std::copy_n(table.begin(), std::min(table.size(), kNameBytes), header.table);
  return header;
}

// The parts after the header, one by one.
template <typename Visit>
Status for_each_part(Sequence& sequence, const Visit& visit) {
  CRIA_RETURN_IF_ERROR(visit(bytes_of(sequence.tokens())));
  CRIA_RETURN_IF_ERROR(visit(bytes_of(sequence.logits())));
  for (const int32_t page : sequence.pages()) {
    if (page < 0) continue;
    CRIA_RETURN_IF_ERROR(visit(Bytes(sequence.engine().pool().bytes(page))));
  }
  return {};
}

struct File {
  Header header;
  Bytes data;
  uint64_t data_position;
};

Result<File> read_file(ByteReader& in) {
  File file = {};
  std::string_view magic;
  CRIA_RETURN_IF_ERROR(in.read_text("magic", kMagic.size(), magic));
  if (magic != kMagic) return in.error_at(0, "magic", "this is no saved session");
  uint32_t version = 0;
  CRIA_RETURN_IF_ERROR(in.read("version", version));
  if (version != kVersion) {
    return in.error("version", "found ", version, ", expected ", kVersion);
  }
  CRIA_RETURN_IF_ERROR(for_each_field(
      file.header, [&](const char* field, auto& value) { return in.read(field, value); }));
  const uint64_t end = in.position();
  uint64_t header_checksum = 0;
  CRIA_RETURN_IF_ERROR(in.read("checksum of the header", header_checksum));
  file.data_position = in.position();
  CRIA_RETURN_IF_ERROR(in.seek("header", 0));
  Bytes head;
  CRIA_RETURN_IF_ERROR(in.read_bytes("header", end, head));
  if (checksum(head) != header_checksum) return in.error("checksum of the header", "is wrong");
  CRIA_RETURN_IF_ERROR(in.seek("data", file.data_position));
  if (in.remaining() != file.header.data_bytes) {
    return in.error("size", "found ", in.remaining(), " bytes, expected ", file.header.data_bytes);
  }
  CRIA_RETURN_IF_ERROR(in.read_bytes("data", file.header.data_bytes, file.data));
  return file;
}

Status other_kind(const ByteReader& in, const char* what, const auto& found, const auto& expected) {
  return invalid_argument(in.source_name(), ": is a session of another ", what, ": found ", found,
                          ", expected ", expected);
}

// Errors: invalid_argument where the file is of another kind.
Status check_kind(const ByteReader& in, const Header& found, const Header& wanted, int n_ctx) {
  if (found.fingerprint != wanted.fingerprint) {
    return other_kind(in, "model", found.fingerprint, wanted.fingerprint);
  }
  if (found.k_type != wanted.k_type || found.v_type != wanted.v_type) {
    const auto name = [](uint32_t type) { return dtype_info(static_cast<DType>(type)).name; };
    return other_kind(in, "type of KV cache", str_cat("types ", found.k_type, ", ", found.v_type),
                      str_cat(name(wanted.k_type), ", ", name(wanted.v_type)));
  }
  if (std::memcmp(found.table, wanted.table, kNameBytes) != 0) {
    return other_kind(in, "kernel table", std::string_view(found.table, strnlen(found.table, 16)),
                      std::string_view(wanted.table, strnlen(wanted.table, 16)));
  }
  if (found.page_tokens != wanted.page_tokens || found.n_layers != wanted.n_layers ||
      found.n_kv_heads != wanted.n_kv_heads || found.head_dim != wanted.head_dim ||
      found.n_vocab != wanted.n_vocab) {
    return in.error("header", "contradicts the model's sizes");
  }
  if (found.n_tokens > static_cast<uint64_t>(n_ctx)) {
    return invalid_argument(in.source_name(), ": holds ", found.n_tokens,
                            " tokens, expected at most the ", n_ctx, " of the context");
  }
  return {};
}

}  // namespace

Status save_sequence(Sequence& sequence, const std::string& path) {
  Header header = header_for(sequence);
  header.n_tokens = sequence.tokens().size();
  header.n_released = static_cast<uint64_t>(sequence.n_released());
  header.has_logits = sequence.logits().empty() ? 0 : 1;
  CRIA_RETURN_IF_ERROR(for_each_part(sequence, [&](Bytes part) -> Status {
    header.data_bytes += part.size();
    header.data_checksum = checksum(part, header.data_checksum);
    return {};
  }));
  std::string head(kMagic);
  const auto append = [&](const auto& value) {
    head.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  append(kVersion);
  CRIA_RETURN_IF_ERROR(for_each_field(header, [&](const char*, const auto& value) -> Status {
    append(value);
    return {};
  }));
  append(checksum(as_bytes(head)));
  auto out = OutputFile::create(path);
  if (!out.ok()) return out.status();
  CRIA_RETURN_IF_ERROR(out->write(as_bytes(head)));
  CRIA_RETURN_IF_ERROR(for_each_part(sequence, [&](Bytes part) { return out->write(part); }));
  return out->commit();
}

Status restore_sequence(const std::string& path, Sequence& sequence) {
  const auto mapped = MappedFile::open(path);
  if (!mapped.ok()) return mapped.status();
  ByteReader in((*mapped)->bytes(), path);
  const auto file = read_file(in);
  if (!file.ok()) return file.status();
  const Header& header = file->header;
  const Header wanted = header_for(sequence);
  CRIA_RETURN_IF_ERROR(check_kind(in, header, wanted, sequence.n_ctx()));

  const uint64_t page_bytes = sequence.engine().pool().page_bytes();
  const auto n_tokens = static_cast<int64_t>(header.n_tokens);
  const auto n_released = static_cast<int64_t>(header.n_released);
  if (header.n_released > header.n_tokens || n_released % ops::kKvPage != 0 ||
      n_released > sequence.first_seen(n_tokens)) {
    return in.error("number of released tokens", "found ", header.n_released,
                    ", which leaves out what a token after ", header.n_tokens, " sees");
  }
  const auto n_pages = static_cast<uint64_t>(ops::KvPool::pages_for(n_tokens - n_released));
  const uint64_t token_bytes = header.n_tokens * sizeof(TokenId);
  const uint64_t logit_bytes = header.has_logits != 0 ? header.n_vocab * sizeof(float) : 0;
  if (header.data_bytes != token_bytes + logit_bytes + n_pages * page_bytes) {
    return in.error("size", "contradicts the number of tokens");
  }
  uint64_t sum = checksum(file->data.first(token_bytes));
  sum = checksum(file->data.subspan(token_bytes, logit_bytes), sum);
  for (uint64_t i = 0; i < n_pages; ++i) {
    sum = checksum(file->data.subspan(token_bytes + logit_bytes + i * page_bytes, page_bytes), sum);
  }
  if (sum != header.data_checksum) return in.error_at(file->data_position, "checksum", "is wrong");

  const auto part = [&](uint64_t at, uint64_t n_bytes, auto& out) {
    if (n_bytes > 0) std::memcpy(out.data(), file->data.data() + at, n_bytes);
  };
  std::vector<TokenId> tokens(header.n_tokens);
  part(0, token_bytes, tokens);
  std::vector<float> logits(logit_bytes / sizeof(float));
  part(token_bytes, logit_bytes, logits);
  return sequence.replace(tokens, logits, file->data.subspan(token_bytes + logit_bytes),
                          n_released);
}

}  // namespace cria::engine
