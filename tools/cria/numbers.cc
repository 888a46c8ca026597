#include "numbers.h"

#include <charconv>
#include <cstdlib>

namespace cria::cli {
namespace {

template <typename T>
std::optional<T> parse_whole(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> parse_integer(std::string_view text) { return parse_whole<int64_t>(text); }

std::optional<uint64_t> parse_unsigned(std::string_view text) {
  return parse_whole<uint64_t>(text);
}

std::optional<int64_t> parse_byte_size(const std::string& text) {
  const size_t end = text.find_last_of("0123456789.") + 1;  // 0 where there is none
  std::string unit = text.substr(end);
  for (char& c : unit) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  double scale = 1;
  if (!unit.empty() && unit != "B") {
    const size_t power = std::string_view("KMGT").find(unit[0]);
    if (power == std::string_view::npos) return std::nullopt;
    const std::string rest = unit.substr(1);
    if (!rest.empty() && rest != "B" && rest != "IB") return std::nullopt;
    for (size_t i = 0; i <= power; ++i) scale *= rest == "B" ? 1000 : 1024;
  }
  const std::optional<double> number = parse_real(text.substr(0, end));
  constexpr double kMost = int64_t{1} << 53;
  if (!number || !(*number * scale >= 1 && *number * scale <= kMost)) return std::nullopt;
  return static_cast<int64_t>(*number * scale);
}

// strtod and not from_chars: the standard libraries of clang on other systems lack it for double.
// The locale is never set, so the decimal point is a point.
std::optional<double> parse_real(const std::string& text) {
  if (text.empty() || text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r')) return std::nullopt;
  char* stop = nullptr;
  const double value = std::strtod(text.c_str(), &stop);
  if (stop != text.c_str() + text.size()) return std::nullopt;
  return value;
}

}  // namespace cria::cli
