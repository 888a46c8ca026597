// The head of a file of packed weights: whatever it says lies within the file.
#include "file/packed_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const cria::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  cria::ByteReader in(bytes, "fuzz");
  const auto index = cria::file::read_packed_index(in);
  if (!index.ok()) {
    const cria::StatusCode code = index.status().code();
    if (code != cria::StatusCode::corrupt && code != cria::StatusCode::invalid_argument) {
      __builtin_trap();
    }
    return 0;
  }
  uint64_t sum = 0;
  for (const cria::file::PackedEntry& entry : index->entries) {
    for (const std::byte each : bytes.subspan(entry.offset, entry.n_bytes)) {
      sum += static_cast<uint64_t>(each);
    }
    sum += entry.name.size() + entry.layout.size();
  }
  volatile uint64_t sink = sum;
  (void)sink;
  return 0;
}
