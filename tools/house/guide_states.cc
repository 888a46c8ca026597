// What is so, in Al's words: states, counts, lists of devices.
#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "house/guide_parts.h"
#include "house/spoken.h"
#include "house/state.h"
#include "house/words.h"

namespace cria::house {
namespace {

constexpr size_t kMostRoomWords = 3;
constexpr int kMostCounted = 99;

std::string percent_text(int percent) { return std::to_string(percent) + "%"; }

// A device's state in words, to stand after "is": "on at 80% in red".
std::string described(std::string_view domain, const State& state) {
  const std::string level = state.percent ? " at " + percent_text(*state.percent) : "";
  const std::string degrees = state.target ? degrees_text(*state.target, state.unit) : "";
  if (domain == "light" && state.mode == "on") {
    return "on" + level + (level.empty() || state.colour.empty() ? "" : " in " + state.colour);
  }
  if ((domain == "fan" && state.mode == "on") || (domain == "cover" && state.mode == "open") ||
      (domain == "media_player" && state.mode != "off")) {
    return state.mode + level;
  }
  if (domain == "climate" && state.mode != "off") {
    return "set to " + state.mode + (degrees.empty() ? "" : " at " + degrees);
  }
  if (domain == "timer" && !state.remaining.empty()) {
    return state.mode + " with " + state.remaining + " left";
  }
  if (domain == "sensor") return "at " + state.mode;
  return state.mode == "motion" ? "seeing motion" : state.mode;
}

// What a relative wish starts from; "" where the row does not tell.
std::string value_of(std::string_view domain, const State& state) {
  if (domain == "climate") {
    return state.target ? degrees_text(*state.target, state.unit) : std::string();
  }
  if (state.percent) return percent_text(*state.percent);
  const bool is_closed = domain == "cover" && state.mode == "closed";
  if (state.mode == "off" || is_closed) return percent_text(0);
  const bool is_open = domain == "cover" && state.mode == "open";
  return is_open || (domain == "light" && state.mode == "on") ? percent_text(100) : "";
}

std::string capital(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

struct Counted {
  std::string_view domain, one, many, mode;
  std::array<std::string_view, 12> said;  // what people call them
};
constexpr std::array kCounted = {
    Counted{"light", "light", "lights", "on", {"light", "lights", "lamp", "lamps"}},
    Counted{"fan", "fan", "fans", "on", {"fan", "fans"}},
    Counted{"switch",
            "switch",
            "switches",
            "on",
            {"switch", "switches", "plug", "plugs", "outlets", "sockets"}},
    Counted{"cover",
            "cover",
            "covers",
            "open",
            {"cover", "covers", "blind", "blinds", "curtain", "curtains", "shutter", "shutters",
             "shades", "doors", "gates", "windows"}},
    Counted{"lock", "lock", "locks", "unlocked", {"lock", "locks", "door", "doors"}}};

bool is_said(const std::vector<std::string>& words, const Counted& kind) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return has_word(kind.said, word); });
}

std::string count_of(const Devices& devices, const Counted& kind) {
  Devices found;
  for (const Device* device : devices) {
    if (parse_state(kind.domain, device->state).mode == kind.mode) found.push_back(device);
  }
  const std::string mode(kind.mode);
  if (found.empty()) return "None of the " + std::string(kind.many) + " is " + mode;
  const std::string number =
      capital(number_word(std::min(static_cast<int>(found.size()), kMostCounted)));
  const bool is_one = found.size() == 1;
  return number + " " + std::string(is_one ? kind.one : kind.many) + (is_one ? " is " : " are ") +
         mode + ": " + listed(found, " and ");
}

}  // namespace

const std::vector<std::string>& count_words() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> all = {"None"};
    for (int i = 1; i <= kMostCounted; ++i) all.push_back(capital(number_word(i)));
    return all;
  }();
  return words;
}

std::string listed(const Devices& devices, std::string_view last_joint) {
  std::string text;
  for (size_t i = 0; i < devices.size(); ++i) {
    const bool is_last = i + 1 == devices.size();
    text += i == 0 ? "" : is_last ? std::string(last_joint) : ", ";
    text += "the " + devices[i]->name;
  }
  return text;
}

std::vector<std::string> rooms_of(const House& house) {
  std::set<std::string> rooms;
  for (const Device& device : house.devices) {
    if (domain_of(device.id) != "light") continue;
    const std::string name = lower_case(device.name);
    std::vector<size_t> ends;
    for (size_t i = name.find(' '); i != std::string::npos; i = name.find(' ', i + 1)) {
      ends.push_back(i);
    }
    ends.push_back(name.size());
    size_t begin = 0;
    for (size_t i = 0; i < ends.size(); begin = ends[i++] + 1) {
      for (size_t j = i; j < std::min(i + kMostRoomWords, ends.size()); ++j) {
        rooms.insert(name.substr(begin, ends[j] - begin));
      }
    }
  }
  return {rooms.begin(), rooms.end()};
}

std::vector<Continuation> states_after(const House& house, const Asked& asked,
                                       const Device& device) {
  const std::string_view domain = domain_of(device.id);
  const State state = parse_state(domain, device.state);
  const bool is_set = domain == "light" || domain == "fan" || domain == "cover" ||
                      domain == "media_player" || domain == "climate";
  std::vector<Continuation> choices;
  for (const char* verb : {" is ", " are "}) {
    const std::string begin = " " + device.name + verb;
    choices.push_back({begin + described(domain, state)});
    if (asks_ids(asked.last)) choices.push_back({begin + device.id});
    if (asks_state(asked.last) || !is_set || !is_able(house, device, action_of("Setting")))
      continue;
    const std::string value = value_of(domain, state);
    if (value.empty()) {
      choices.push_back({begin + "at", true});
    } else {
      for (const char* it : {" it to", " them to"}) {
        choices.push_back({begin + "at " + value + ", setting" + it, true});
      }
    }
  }
  return choices;
}

std::vector<std::string> counts_of(const House& house, std::string_view said) {
  const std::vector<std::string> words = plain_words(said);
  const bool names_kind = std::any_of(kCounted.begin(), kCounted.end(),
                                      [&](const Counted& kind) { return is_said(words, kind); });
  std::vector<std::string> counts;
  for (const Counted& kind : kCounted) {
    if (names_kind && !is_said(words, kind)) continue;
    Devices all;
    for (const Device& device : house.devices) {
      if (domain_of(device.id) == kind.domain) all.push_back(&device);
    }
    if (!all.empty()) counts.push_back(count_of(all, kind));
  }
  for (const std::string& room : rooms_of(house)) {
    if (room == "house" || !has_word(words, "in") || !says_words(said, room)) continue;
    Devices own;
    for (const Device& device : house.devices) {
      if (domain_of(device.id) == "light" && says_words(device.name, room)) own.push_back(&device);
    }
    if (!own.empty()) counts.push_back(count_of(own, kCounted.front()));
  }
  return counts;
}

}  // namespace cria::house
