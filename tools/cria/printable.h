// Foreign bytes made safe to show: a file must not be able to send escape sequences to a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cria::cli {

// Control characters and bytes that are not UTF-8 become JSON escapes; all else stays.
std::string printable(std::string_view text);

// A JSON string in quotes. A byte b that is not UTF-8 becomes \udcXX (0xDC00 + b), the convention
// of Python's surrogateescape, so nothing is lost.
std::string json_string(std::string_view text);

// "1.13 MiB".
std::string human_bytes(int64_t n_bytes);

}  // namespace cria::cli
