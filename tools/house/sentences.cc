#include "house/sentences.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace cria::house {
namespace {

using Name = std::string_view;

constexpr std::array<Name, 1> kTurnOn = {"turn_on"}, kTurnOff = {"turn_off"}, kToggle = {"toggle"},
                              kOpen = {"open"}, kClose = {"close"}, kStop = {"stop"},
                              kLock = {"lock"}, kUnlock = {"unlock"}, kPlay = {"play"},
                              kPause = {"pause"}, kNext = {"next_track"},
                              kPrevious = {"previous_track"}, kStart = {"start"},
                              kCancel = {"cancel"}, kSend = {"return_to_base"};
constexpr std::array<Name, 6> kSet = {"turn_on",       "set_percentage", "set_temperature",
                                      "set_hvac_mode", "set_position",   "volume_set"};

constexpr std::array kActions = {
    Action{"Turning on", kTurnOn}, Action{"Turning off", kTurnOff}, Action{"Toggling", kToggle},
    Action{"Opening", kOpen},      Action{"Closing", kClose},       Action{"Stopping", kStop},
    Action{"Locking", kLock},      Action{"Unlocking", kUnlock},    Action{"Playing", kPlay},
    Action{"Pausing", kPause},     Action{"Skipping to", kNext},    Action{"Going back", kPrevious},
    Action{"Starting", kStart},    Action{"Cancelling", kCancel},   Action{"Sending", kSend},
    Action{"Setting", kSet},
};

struct Kind {
  std::string_view words, domain;
};
constexpr std::array kKinds = {
    Kind{"all the lights", "light"},     Kind{"all the covers", "cover"},
    Kind{"all the fans", "fan"},         Kind{"all the players", "media_player"},
    Kind{"all the switches", "switch"},  Kind{"Locking everything", "lock"},
    Kind{"Unlocking everything", "lock"}};

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_word_at(std::string_view text, size_t i) {
  return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])) != 0;
}

// Where in text other stands as whole words.
size_t find_words(std::string_view text, std::string_view other) {
  size_t at = text.find(other);
  while (at != std::string_view::npos &&
         ((at > 0 && is_word_at(text, at - 1)) || is_word_at(text, at + other.size()))) {
    at = text.find(other, at + 1);
  }
  return at;
}

// Those of a sentence that names none: "all the lights", "the kitchen lights".
Devices group_in(const House& house, std::string_view sentence) {
  Devices found;
  for (const Kind& kind : kKinds) {
    if (sentence.find(kind.words) == std::string_view::npos) continue;
    for (const Device& device : house.devices) {
      if (domain_of(device.id) == kind.domain) found.push_back(&device);
    }
    return found;
  }
  const size_t the = sentence.find(" the "), lights = sentence.find(" lights", the);
  if (the == std::string_view::npos || lights == std::string_view::npos) return {};
  return lights_of(house, sentence.substr(the + 5, lights - the - 5));
}

}  // namespace

const Action* action_of(std::string_view sentence) {
  for (const Action& action : kActions) {
    if (sentence.starts_with(action.words)) return &action;
  }
  const bool sets = sentence.find(", setting") != std::string_view::npos;
  return sets ? &kActions.back() : nullptr;
}

bool is_able(const House& house, const Device& device, const Action* action) {
  const std::string_view domain = domain_of(device.id);
  return std::any_of(house.services.begin(), house.services.end(), [&](const Service& service) {
    if (domain_of(service.name) != domain) return false;
    const std::string_view what = std::string_view(service.name).substr(domain.size() + 1);
    return action == nullptr || std::find(action->services.begin(), action->services.end(), what) !=
                                    action->services.end();
  });
}

std::vector<std::string_view> sentences_of(std::string_view words) {
  std::vector<std::string_view> found;
  for (size_t end = words.find(". "); end != std::string_view::npos; end = words.find(". ")) {
    found.push_back(words.substr(0, end));
    words.remove_prefix(end + 2);
  }
  found.push_back(words);
  return found;
}

Devices named_in(const House& house, std::string_view text) {
  Devices by_length;
  for (const Device& device : house.devices) {
    if (!device.name.empty()) by_length.push_back(&device);
  }
  std::stable_sort(by_length.begin(), by_length.end(), [](const Device* a, const Device* b) {
    return a->name.size() > b->name.size();
  });
  std::string left = lower_case(text);
  Devices named;
  for (const Device* device : by_length) {
    const size_t at = find_words(left, lower_case(device->name));
    if (at == std::string::npos) continue;
    left.replace(at, device->name.size(), device->name.size(), '\n');
    named.push_back(device);
  }
  return named;
}

Devices lights_of(const House& house, std::string_view text) {
  std::vector<std::string> wanted;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) wanted.push_back(lower_case(text.substr(at, end - at)));
    at = end + 1;
  }
  if (!wanted.empty() && wanted.back() == "lights") wanted.pop_back();
  Devices found;
  if (wanted.empty()) return found;
  for (const Device& device : house.devices) {
    if (domain_of(device.id) != "light") continue;
    const std::string name = lower_case(device.name);
    const bool has_all = std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
      return find_words(name, word) != std::string::npos;
    });
    if (has_all) found.push_back(&device);
  }
  return found;
}

std::vector<Promise> promises_in(const House& house, std::string_view words) {
  std::vector<Promise> promises;
  for (const std::string_view sentence : sentences_of(words)) {
    const Action* action = action_of(sentence);
    Devices devices = named_in(house, sentence);
    if (devices.empty() && action != nullptr) devices = group_in(house, sentence);
    for (const Device* device : devices) promises.push_back({device, action});
  }
  return promises;
}

std::vector<Promise> empty_promises_in(const House& house, std::string_view words) {
  std::vector<Promise> promises = promises_in(house, words);
  std::erase_if(promises, [&](const Promise& promise) {
    return promise.action == nullptr || is_able(house, *promise.device, promise.action);
  });
  return promises;
}

}  // namespace cria::house
