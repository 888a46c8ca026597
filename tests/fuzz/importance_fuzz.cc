// An importance file: what it gives is finite and not negative.
#include <cmath>

#include "convert/importance.h"
#include "file/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const cria::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto catalog = cria::file::read_gguf(bytes, "fuzz");
  if (!catalog.ok()) return 0;
  const auto importance = cria::convert::importance_in(**catalog);
  if (!importance.ok()) {
    const cria::StatusCode code = importance.status().code();
    if (code != cria::StatusCode::corrupt && code != cria::StatusCode::unsupported) {
      __builtin_trap();
    }
    return 0;
  }
  for (const auto& [name, squares] : *importance) {
    for (const float square : squares) {
      if (!(square >= 0) || std::isinf(square)) __builtin_trap();
    }
  }
  return 0;
}
