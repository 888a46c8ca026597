#include "text/utf8.h"

namespace cria::text {
namespace {

// What table 3-7 says of a lead byte: the length of its sequence (0: never a lead byte) and the
// range of its second byte. Later bytes are always 80..BF.
struct Lead {
  size_t n_bytes;
  unsigned char second_min, second_max;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Step utf8_step(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const Lead lead = lead_of(first);
  if (lead.n_bytes == 0) return {1, false, false, 0};
  if (lead.n_bytes == 1) return {1, true, false, first};
  uint32_t code_point = first & (0x7Fu >> lead.n_bytes);
  for (size_t i = 1; i < lead.n_bytes; ++i) {
    if (i == text.size()) return {i, false, true, 0};
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned char low = i == 1 ? lead.second_min : 0x80;
    const unsigned char high = i == 1 ? lead.second_max : 0xBF;
    if (byte < low || byte > high) return {i, false, false, 0};
    code_point = code_point << 6 | (byte & 0x3Fu);
  }
  return {lead.n_bytes, true, false, code_point};
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (!step.valid) return false;
    text.remove_prefix(step.n_bytes);
  }
  return true;
}

void append_utf8(uint32_t code_point, std::string& out) {
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
    return;
  }
  const int n_trailing = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  const uint32_t lead_mark = n_trailing == 1 ? 0xC0 : n_trailing == 2 ? 0xE0 : 0xF0;
  out += static_cast<char>(lead_mark | code_point >> (6 * n_trailing));
  for (int i = n_trailing - 1; i >= 0; --i) {
    out += static_cast<char>(0x80 | (code_point >> (6 * i) & 0x3F));
  }
}

}  // namespace cria::text
