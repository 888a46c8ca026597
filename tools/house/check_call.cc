// Which calls a house can do, and why not the others.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "house/call.h"

namespace cria::house {
namespace {

constexpr std::array<std::string_view, 15> kColours = {
    "red",        "green", "blue",      "yellow",  "orange", "purple", "pink",  "white",
    "warm white", "cyan",  "turquoise", "magenta", "lime",   "gold",   "violet"};
constexpr std::array<std::string_view, 4> kHvacModes = {"heat", "cool", "auto", "off"};
constexpr std::array<std::string_view, 4> kPercentages = {"brightness", "percentage", "position",
                                                          "level"};

struct Need {
  std::string_view service, argument;
};
// What these services cannot do without, also where a house lists them without a parameter.
constexpr std::array kNeeds = {
    Need{"fan.set_percentage", "percentage"},   Need{"climate.set_temperature", "temperature"},
    Need{"climate.set_hvac_mode", "hvac_mode"}, Need{"cover.set_position", "position"},
    Need{"media_player.volume_set", "level"},   Need{"timer.start", "duration"},
};

template <typename List>
bool holds(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

template <typename List>
std::string joined(const List& list) {
  std::string text;
  for (const auto& item : list) text.append(text.empty() ? "" : ", ").append(item);
  return text.empty() ? "none" : text;
}

// What would be right where value is not, in [least, most] and a multiple of step.
std::optional<std::string> wrong_number(const Argument& argument, double least, double most,
                                        double step) {
  const auto* number = std::get_if<double>(&argument.value);
  const bool is_right =
      number != nullptr && *number >= least && *number <= most && std::fmod(*number, step) == 0;
  if (is_right) return std::nullopt;
  return std::string(step == 1 ? "a whole number" : "a whole or half number") + " from " +
         number_text(least) + " to " + number_text(most);
}

template <typename List>
std::optional<std::string> wrong_word(const Argument& argument, const List& words) {
  const auto* text = std::get_if<std::string>(&argument.value);
  if (text != nullptr && holds(words, *text)) return std::nullopt;
  return "one of " + joined(words);
}

// Degrees that somebody may want in a room, a sauna or a cellar.
std::optional<std::string> wrong_temperature(const Argument& argument, const Device& device) {
  const bool fahrenheit = device.remembered.unit == 'F';
  return wrong_number(argument, fahrenheit ? 32 : 0, fahrenheit ? 212 : 100, 0.5);
}

// What would be right, or nothing where argument is. Parameters of other names may be anything.
std::optional<std::string> wrong_value(const Argument& argument, const Device& device) {
  if (holds(kPercentages, argument.name)) return wrong_number(argument, 0, 100, 1);
  if (argument.name == "temperature") return wrong_temperature(argument, device);
  if (argument.name == "hvac_mode") return wrong_word(argument, kHvacModes);
  if (argument.name == "rgb_color") return wrong_word(argument, kColours);
  if (argument.name != "duration") return std::nullopt;
  const auto* text = std::get_if<std::string>(&argument.value);
  if (text != nullptr && is_duration(*text)) return std::nullopt;
  return "a text like \"00:05:00\"";
}

Status check_arguments(const Call& call, const Service& service, const Device& device) {
  for (const Argument& argument : call.arguments) {
    if (!holds(service.parameters, argument.name)) {
      return invalid(service.name + " has no parameter \"" + argument.name +
                     "\"; parameters: " + joined(service.parameters));
    }
    const auto right = wrong_value(argument, device);
    if (right) return invalid("found " + argument_text(argument) + ", expected " + *right);
  }
  if (service.name == "light.turn_on") return Status();
  for (const std::string& parameter : service.parameters) {
    if (call.find(parameter) == nullptr) return invalid(service.name + " needs " + parameter);
  }
  for (const Need& need : kNeeds) {
    if (need.service != service.name || call.find(need.argument) != nullptr) continue;
    return invalid(service.name + " needs " + std::string(need.argument) +
                   ", which this house does not list for it");
  }
  return Status();
}

}  // namespace

std::span<const std::string_view> colours() { return kColours; }
std::span<const std::string_view> hvac_modes() { return kHvacModes; }

Status check_call(const House& house, const Call& call) {
  const Service* service = find_service(house, call.service);
  if (service == nullptr) return invalid("this house has no service \"" + call.service + "\"");
  const Device* device = find_device(house, call.target);
  if (device == nullptr) return invalid("this house has no device \"" + call.target + "\"");
  if (domain_of(call.service) != domain_of(call.target)) {
    return invalid("the service " + call.service + " is not for the device " + call.target);
  }
  return check_arguments(call, *service, *device);
}

}  // namespace cria::house
