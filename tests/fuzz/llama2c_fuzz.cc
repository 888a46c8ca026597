#include "fuzz/use_catalog.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const cria::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto catalog = cria::file::read_llama2c(bytes, "fuzz");
  if (catalog.ok()) {
    cria::fuzz::use_catalog(**catalog);
  } else {
    cria::fuzz::check_refusal(catalog.status());
  }
  return 0;
}
