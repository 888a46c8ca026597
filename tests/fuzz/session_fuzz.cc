// The form of a saved session.
#include "file/kv_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const cria::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  cria::ByteReader in(bytes, "fuzz");
  const auto file = cria::file::read_kv_file(in);
  if (!file.ok()) {
    if (file.status().code() != cria::StatusCode::corrupt) __builtin_trap();
  } else if (file->data_position + file->data.size() != size) {
    __builtin_trap();
  }
  return 0;
}
