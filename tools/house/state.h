// A device's state as parts, and as the text of its row: "on;80%;red", "heat;21.5C", "locked".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cria::house {

// Which parts a row shows depends on the kind of device (its domain) and on the mode: a light that
// is off shows no brightness. All parts are kept all the same.
struct State {
  std::string mode;              // "on", "locked", "heat" ...; of a sensor: its reading
  std::string last_on;           // the last mode but "off"
  std::optional<int> percent;    // brightness, speed, position or volume
  std::string colour;            // of a light
  std::optional<double> target;  // of a climate device, in unit
  char unit = '\0';              // 'C', 'F', or unknown
  std::string remaining;         // of a timer, "HH:MM:SS"

  bool operator==(const State&) const = default;
};

// Any text is a state: what is not understood belongs to the mode.
State parse_state(std::string_view domain, std::string_view text);

// The row's text. state_text(d, parse_state(d, text)) == text for every form that al/TASK.md lists.
std::string state_text(std::string_view domain, const State& state);

// "21.5C"; an unknown unit is taken for C.
std::string degrees_text(double degrees, char unit);

// True for "00:05:00": hours of two digits, minutes and seconds below 60.
bool is_duration(std::string_view text);

// "21", "21.5": the shortest decimal text that reads as the same number.
std::string number_text(double number);

}  // namespace cria::house
