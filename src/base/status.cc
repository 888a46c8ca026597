#include "cria/status.h"

#include "base/str_cat.h"

namespace cria {

const char* status_code_name(StatusCode code) {
  switch (code) {
    case StatusCode::ok:
      return "ok";
    case StatusCode::invalid_argument:
      return "invalid_argument";
    case StatusCode::not_found:
      return "not_found";
    case StatusCode::io_error:
      return "io_error";
    case StatusCode::corrupt:
      return "corrupt";
    case StatusCode::unsupported:
      return "unsupported";
    case StatusCode::context_full:
      return "context_full";
    case StatusCode::out_of_memory:
      return "out_of_memory";
    case StatusCode::cancelled:
      return "cancelled";
    case StatusCode::internal:
      return "internal";
  }
  return "unknown";
}

std::string quoted(std::string_view foreign, size_t max_chars) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "'";
  for (size_t i = 0; i < foreign.size() && i < max_chars; ++i) {
    const auto c = static_cast<unsigned char>(foreign[i]);
    if (c >= 0x20 && c < 0x7f) {
      out += static_cast<char>(c);
    } else {
      out += "\\x";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  out += foreign.size() > max_chars ? "...'" : "'";
  return out;
}

}  // namespace cria
