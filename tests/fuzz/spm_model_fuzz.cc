// A .model file from anywhere: refused, or a tokenizer that takes any text and gives it back.
#include <cstdint>
#include <cstdlib>

#include "text/stream_decoder.h"
#include "text/utf8.h"

namespace {

using namespace cria::text;

// What the model makes of a text decodes id by id, to whole code points.
void use_tokenizer(const Tokenizer& tokenizer, std::string_view text) {
  for (const bool parse_special : {false, true}) {
    std::vector<TokenId> ids;
    const cria::Status status = tokenizer.encode(text, {true, parse_special}, ids);
    if (!status.ok() && status.code() != cria::StatusCode::unsupported) std::abort();
    if (!status.ok() && !ids.empty()) std::abort();
    StreamDecoder decoder(tokenizer, true, parse_special);
    std::string out;
    for (const TokenId id : ids) {
      if (!decoder.push(id, out).ok()) std::abort();
    }
    decoder.finish(out);
    if (!is_valid_utf8(out)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const cria::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto made = make_sentencepiece_tokenizer(bytes, "fuzz.model");
  if (!made.ok()) {
    const cria::StatusCode code = made.status().code();
    if (code != cria::StatusCode::corrupt && code != cria::StatusCode::unsupported) std::abort();
    return 0;
  }
  use_tokenizer(**made, "The fox  counts <s>llama</s> caf\xC3\xA9 \xFF\xE2\x82 \xF0\x9F\x98\x80\n");
  // The file's own bytes spell its pieces.
  use_tokenizer(**made, {reinterpret_cast<const char*>(data), size < 4096 ? size : 4096});
  return 0;
}
