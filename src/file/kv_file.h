// The form of a saved session: keys, values and what they belong to (engine/session_file.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/byte_reader.h"

namespace cria::file {

inline constexpr size_t kKvTableBytes = 16;  // of the kernel table's name

// After the magic and the version; all numbers little-endian, as every machine that this library
// runs on. Then tokens, logits where there are any, and whole pages after the released ones.
struct KvHeader {
  uint32_t page_tokens;
  uint64_t fingerprint;
  uint32_t k_type, v_type;
  uint32_t n_layers, n_kv_heads, head_dim;
  uint32_t has_logits;
  uint64_t n_tokens, n_released, n_vocab;
  char table[kKvTableBytes];
  uint64_t data_bytes;
  uint64_t data_checksum;
};

struct KvFile {
  KvHeader header;
  Bytes data;  // data_bytes of it; the checksum is for the reader of the parts
  uint64_t data_position;
};

// Errors: corrupt.
Result<KvFile> read_kv_file(ByteReader& in);
// All that stands before the data.
std::string kv_head(KvHeader header);

}  // namespace cria::file
