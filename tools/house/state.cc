#include "house/state.h"

#include <array>
#include <charconv>
#include <cmath>

namespace cria::house {
namespace {

// So that a state stays short, whatever brightness a colour is given.
constexpr size_t kMaxColourBytes = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "80%".
std::optional<int> parse_percent(std::string_view text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  int percent = 0;
  const char* end = text.data() + text.size() - 1;
  const auto [rest, error] = std::from_chars(text.data(), end, percent);
  if (error != std::errc() || rest != end || percent < 0) return std::nullopt;
  return percent;
}

// "21.5C" into target and unit.
bool parse_target(std::string_view text, State& state) {
  if (text.size() < 2 || (text.back() != 'C' && text.back() != 'F')) return false;
  double target = 0;
  const char* end = text.data() + text.size() - 1;
  const auto [rest, error] = std::from_chars(text.data(), end, target);
  if (error != std::errc() || rest != end || !std::isfinite(target)) return false;
  state.target = target;
  state.unit = text.back();
  return true;
}

// False where this kind of device has no such part.
bool parse_part(std::string_view domain, std::string_view part, State& state) {
  if (domain == "climate") return !state.target && parse_target(part, state);
  if (domain == "timer") {
    if (!is_duration(part) || !state.remaining.empty()) return false;
    state.remaining = part;
    return true;
  }
  if (!state.percent && state.colour.empty()) {
    state.percent = parse_percent(part);
    if (state.percent) return true;
  }
  const bool is_colour =
      domain == "light" && state.percent && state.colour.empty() && part.size() <= kMaxColourBytes;
  if (!is_colour) return false;
  state.colour = part;
  return true;
}

bool shows_percent(std::string_view domain, std::string_view mode) {
  if (domain == "light" || domain == "fan") return mode == "on";
  if (domain == "cover") return mode == "open";
  return domain == "media_player" && (mode == "on" || mode == "playing" || mode == "paused");
}

}  // namespace

State parse_state(std::string_view domain, std::string_view text) {
  State state;
  size_t end = text.find(';');
  state.mode = text.substr(0, end);
  while (end != std::string_view::npos) {
    const size_t begin = end + 1;
    end = text.find(';', begin);
    if (!parse_part(domain, text.substr(begin, end - begin), state)) {
      state = State{.mode = std::string(text)};
      break;
    }
  }
  if (state.mode != "off") state.last_on = state.mode;
  return state;
}

std::string state_text(std::string_view domain, const State& state) {
  std::string text = state.mode;
  const auto add = [&text](const std::string& part) { text.append(";").append(part); };
  if (state.percent && shows_percent(domain, state.mode)) {
    add(std::to_string(*state.percent));
    text += '%';
    if (!state.colour.empty()) add(state.colour);
  }
  if (state.target && state.mode != "off") {
    add(degrees_text(*state.target, state.unit));
  }
  if (!state.remaining.empty() && state.mode != "idle") add(state.remaining);
  return text;
}

std::string degrees_text(double degrees, char unit) {
  return number_text(degrees) + (unit == 'F' ? 'F' : 'C');
}

bool is_duration(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return false;
  for (const size_t i : {0, 1, 3, 4, 6, 7}) {
    if (!is_digit(text[i])) return false;
  }
  return text[3] < '6' && text[6] < '6';
}

std::string number_text(double number) {
  if (number == 0) return "0";  // not "-0"
  std::array<char, 32> text{};
  const bool is_whole = std::abs(number) < 1e15 && number == std::trunc(number);
  const auto [end, error] =
      is_whole ? std::to_chars(text.data(), text.data() + text.size(), static_cast<int64_t>(number))
               : std::to_chars(text.data(), text.data() + text.size(), number);
  return std::string(text.data(), error == std::errc() ? end : text.data());
}

}  // namespace cria::house
