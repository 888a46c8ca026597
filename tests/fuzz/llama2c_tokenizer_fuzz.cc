// The first two bytes are the size of the model's vocabulary, which the file does not hold; 0
// stands for a vocabulary without a model.
#include <cstring>

#include "fuzz/use_catalog.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint16_t n_vocab = 0;
  if (size < sizeof n_vocab) return 0;
  std::memcpy(&n_vocab, data, sizeof n_vocab);
  cria::file::Catalog catalog;
  catalog.source_name = "model";
  if (n_vocab != 0) catalog.format = "model";
  cria::file::MetaValue value;
  value.value = uint64_t{n_vocab};
  catalog.metadata.emplace_back("llama.vocab_size", value);
  if (!catalog.index().ok()) __builtin_trap();

  const cria::Bytes bytes(reinterpret_cast<const std::byte*>(data) + sizeof n_vocab,
                          size - sizeof n_vocab);
  const cria::Status status = cria::file::read_llama2c_tokenizer(bytes, "fuzz", catalog);
  if (!status.ok()) cria::fuzz::check_refusal(status);
  cria::fuzz::use_catalog(catalog);
  return 0;
}
