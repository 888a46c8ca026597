// UTF-8, one code point at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cria::cli {

struct CodePoint {
  uint32_t value = 0;
  size_t n_bytes = 0;  // 0: these bytes are not UTF-8
};

// The code point that text starts with. Requires: !text.empty().
CodePoint first_code_point(std::string_view text);

// True for the second and later bytes of a code point.
bool is_continuation_byte(char byte);

// Bytes of a code point that starts with this byte; 1 for a byte that starts none.
size_t n_bytes_from_lead(char lead);

}  // namespace cria::cli
