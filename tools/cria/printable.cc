#include "printable.h"

#include <array>
#include <cstdio>

#include "code_point.h"

namespace cria::cli {
namespace {

bool is_control(uint32_t value) { return value < 0x20 || (value >= 0x7F && value < 0xA0); }

void append_u_escape(std::string& out, uint32_t value) {
  std::array<char, 8> escape{};
  std::snprintf(escape.data(), escape.size(), "\\u%04x", value);
  out += escape.data();
}

void append_control(std::string& out, uint32_t value) {
  if (value == '\n') {
    out += "\\n";
  } else if (value == '\t') {
    out += "\\t";
  } else if (value == '\r') {
    out += "\\r";
  } else {
    append_u_escape(out, value);
  }
}

std::string escape(std::string_view text, bool escape_quotes) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const size_t n_bytes = point.n_bytes == 0 ? 1 : point.n_bytes;
    if (point.n_bytes == 0) {
      append_u_escape(out, 0xDC00u + static_cast<unsigned char>(text[0]));
    } else if (is_control(point.value)) {
      append_control(out, point.value);
    } else {
      if (escape_quotes && (point.value == '"' || point.value == '\\')) out += '\\';
      out += text.substr(0, n_bytes);
    }
    text.remove_prefix(n_bytes);
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return escape(text, false); }

std::string json_string(std::string_view text) { return '"' + escape(text, true) + '"'; }

std::string human_bytes(int64_t n_bytes) {
  constexpr std::array<const char*, 5> kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(n_bytes);
  size_t i_unit = 0;
  while (amount >= 1024 && i_unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++i_unit;
  }
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), i_unit == 0 ? "%.0f %s" : "%.2f %s", amount,
                kUnits[i_unit]);
  return text.data();
}

}  // namespace cria::cli
