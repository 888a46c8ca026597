// Al's sentences taken apart: what is said to be done, and with which devices.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "house/house.h"

namespace cria::house {

std::string lower_case(std::string_view text);

// "Turning on": what such a sentence does.
struct Action {
  std::string_view words;
  std::span<const std::string_view> services;  // without their domain
};

std::span<const Action> actions();
// That of a sentence, by its first words, or by ", setting" later on; null for others.
const Action* action_of(std::string_view sentence);

// Whether the service is one of the device's kind that the action stands for; for null, any of
// them.
bool does(const Service& service, const Device& device, const Action* action);
// Whether the house has such a service.
bool is_able(const House& house, const Device& device, const Action* action);

using Devices = std::vector<const Device*>;

// A name in full, after "the", and the devices that have it.
struct Mention {
  size_t at;
  size_t size;
  Devices devices;
};

// A sentence of the words, without the point and space behind it; the last one may be unfinished. A
// name in its own case is meant rather than "all the lights", and that rather than one in another.
struct Sentence {
  std::string text;
  std::string masked;  // the same with other characters where names stand
  std::vector<Mention> mentions;
};
std::vector<Sentence> sentences_of(const House& house, std::string_view words);

// What stands after "to" or "for" where a sentence sets or starts something, the space before it
// included; nullopt where nothing does, or not yet.
std::optional<std::string> value_in(const Sentence& sentence);

// A device, what was said to be done with it, and the value.
struct Promise {
  const Device* device;
  const Action* action;
  std::optional<std::string> value;
};

// What the words of a reply promise to do. Empty where they name no device; where any are to be
// acted on, those of which something is told are not among them.
std::vector<Promise> promises_in(const House& house, std::string_view words);

// Why nothing may be called for that the words say is done: a line for each thing that the house
// has no service for, and for each sentence that does something to no device that there is.
std::vector<std::string> idle_words_in(const House& house, std::string_view words);

// Whether the words say that something is done, and none of it can be.
bool can_do_nothing(const House& house, std::string_view words);

}  // namespace cria::house
