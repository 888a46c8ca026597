// Al's sentences taken apart: what is said to be done, and with which devices.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "house/house.h"

namespace cria::house {

// "Turning on": what such a sentence does.
struct Action {
  std::string_view words;
  std::span<const std::string_view> services;  // without their domain
};

// That of a sentence, by its first words, or by ", setting" later on; null for others.
const Action* action_of(std::string_view sentence);

// Whether the house has a service of the device's kind that the action stands for; for null, any.
bool is_able(const House& house, const Device& device, const Action* action);

// The words' sentences, up to a point and a space; the last one may be unfinished.
std::vector<std::string_view> sentences_of(std::string_view words);

using Devices = std::vector<const Device*>;

// The devices that a text names in full, in any case; a name inside of another one is not meant.
Devices named_in(const House& house, std::string_view text);

// All lights whose names have all the words of text, which may end in "lights".
Devices lights_of(const House& house, std::string_view text);

// A device and what was said to be done with it.
struct Promise {
  const Device* device;
  const Action* action;
};

// What the words of a reply promise to do. Empty where they name no device.
std::vector<Promise> promises_in(const House& house, std::string_view words);

// Those of them that no service of the house can keep.
std::vector<Promise> empty_promises_in(const House& house, std::string_view words);

}  // namespace cria::house
