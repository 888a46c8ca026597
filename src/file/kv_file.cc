#include "file/kv_file.h"

#include "base/checksum.h"

namespace cria::file {
namespace {

constexpr std::string_view kKvMagic = "CRIA-KV\n";
constexpr uint32_t kKvVersion = 2;

// Reads and writes the header's fields in their order.
template <typename Visit>
Status for_each_field(KvHeader& header, const Visit& visit) {
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

}  // namespace

Result<KvFile> read_kv_file(ByteReader& in) {
  KvFile file = {};
  std::string_view magic;
  CRIA_RETURN_IF_ERROR(in.read_text("magic", kKvMagic.size(), magic));
  if (magic != kKvMagic) return in.error_at(0, "magic", "this is no saved session");
  uint32_t version = 0;
  CRIA_RETURN_IF_ERROR(in.read("version", version));
  if (version != kKvVersion) {
    return in.error("version", "found ", version, ", expected ", kKvVersion);
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

std::string kv_head(KvHeader header) {
  std::string head(kKvMagic);
  const auto append = [&](const auto& value) {
    head.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  append(kKvVersion);
  (void)for_each_field(header, [&](const char*, const auto& value) -> Status {
    append(value);
    return {};
  });
  append(checksum(as_bytes(head)));
  return head;
}

}  // namespace cria::file
