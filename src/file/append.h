// Numbers and texts as GGUF stores them, appended to bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace cria::file {

template <typename T>
void append_number(std::string& out, T value) {
  char bytes[sizeof value];  // little-endian, as every machine that this library runs on
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

// A size of 8 bytes and the text.
inline void append_text(std::string& out, std::string_view text) {
  append_number(out, static_cast<uint64_t>(text.size()));
  out += text;
}

}  // namespace cria::file
