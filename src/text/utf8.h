// UTF-8, as Unicode 15 chapter 3.9 defines it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cria::text {

// One step through bytes that need not be valid.
struct Utf8Step {
  size_t n_bytes;       // consumed; at least 1 where text is not empty
  bool valid;           // n_bytes form one code point
  bool incomplete;      // not valid, but more bytes at the end of text could make it so
  uint32_t code_point;  // where valid
};
// Requires: text is not empty. An invalid step consumes one maximal invalid part (table 3-8).
Utf8Step utf8_step(std::string_view text);

bool is_valid_utf8(std::string_view text);
void append_utf8(uint32_t code_point, std::string& out);

}  // namespace cria::text
