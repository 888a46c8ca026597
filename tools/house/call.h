// What Al asks for: a service, the device that it is for, and arguments; as a line of JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cria/status.h"
#include "house/house.h"

namespace cria::house {

// Of what a model asked for, and of how it wrote it.
inline Status invalid(const std::string& reason) {
  return Status(StatusCode::invalid_argument, reason);
}

struct Argument {
  std::string name;
  std::variant<double, std::string, bool> value;

  bool operator==(const Argument&) const = default;
};

struct Call {
  std::string service;  // "light.turn_on"
  std::string target;   // "light.kitchen"
  std::vector<Argument> arguments;

  // Null where there is none of this name.
  const Argument* find(std::string_view name) const;
};

// One object with the texts "service" and "target_device"; all else in it are arguments: numbers,
// texts, true or false. Errors: invalid_argument with what is wrong.
Result<Call> parse_call(std::string_view json);

// {"service": "light.turn_on", "target_device": "light.kitchen", "brightness": 40}
std::string call_text(const Call& call);

// "brightness": 40
std::string argument_text(const Argument& argument);

// Arguments in any order; numbers by value.
bool same_call(const Call& a, const Call& b);
// The same calls the same number of times, in any order.
bool same_calls(const std::vector<Call>& a, const std::vector<Call>& b);

// Whether the house can do it: the service is listed, the device is there and of the service's
// kind, every argument is a parameter of the service, of the right type and in range (percentages 0
// to 100; half degrees), and none is missing that the service needs (light.turn_on needs none).
// Errors: invalid_argument naming what is wrong and what would be right.
Status check_call(const House& house, const Call& call);

// What rgb_color and hvac_mode may be.
std::span<const std::string_view> colours();
std::span<const std::string_view> hvac_modes();

// With the arguments in the order of the service's parameters. Requires: check_call(house, call).
Call in_service_order(const House& house, Call call);

}  // namespace cria::house
