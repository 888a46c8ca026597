#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "house/call.h"
#include "house/guide_parts.h"
#include "house/relative.h"
#include "house/sentences.h"
#include "house/spoken.h"
#include "house/words.h"

namespace cria::house {
namespace {

// What replies begin with that are about no device.
constexpr std::array<std::string_view, 47> kSmallTalk = {
    "I'm",    "I am",      "I look", "I can ",  "I only",     "I never", "I run", "I don't",
    "I will", "I'll",      "My ",    "Good",    "Yes",        "No,",     "No ",   "Not ",
    "Hello",  "Hi",        "Hey",    "Thank",   "You",        "All ",    "Glad",  "That's",
    "Just",   "Why",       "Great",  "Welcome", "Everything", "Okay",    "OK",    "Sure",
    "Sorry",  "Of course", "Don't",  "See ",    "Then ",      "What",    "Happy", "Bye",
    "Well",   "Sleep",     "It",     "Here",    "As ",        "Done",    "Fine"};

// Who says one of these does not mean one device of several.
constexpr std::array<std::string_view, 20> kMany = {
    "all",   "both",     "every",    "everything", "each",   "everywhere", "lights",
    "lamps", "fans",     "blinds",   "curtains",   "shades", "shutters",   "locks",
    "doors", "switches", "speakers", "players",    "plugs",  "whole"};

// What houses may have, and lack.
struct Known {
  std::string_view service;
  std::array<std::string_view, 2> parameters = {};
};
constexpr std::array kKnown = {Known{"light.turn_on", {"brightness", "rgb_color"}},
                               Known{"light.turn_off"},
                               Known{"light.toggle"},
                               Known{"switch.turn_on"},
                               Known{"switch.turn_off"},
                               Known{"switch.toggle"},
                               Known{"fan.turn_on"},
                               Known{"fan.turn_off"},
                               Known{"fan.set_percentage", {"percentage"}},
                               Known{"climate.turn_on"},
                               Known{"climate.turn_off"},
                               Known{"climate.set_temperature", {"temperature"}},
                               Known{"climate.set_hvac_mode", {"hvac_mode"}},
                               Known{"cover.open"},
                               Known{"cover.close"},
                               Known{"cover.stop"},
                               Known{"cover.set_position", {"position"}},
                               Known{"lock.lock"},
                               Known{"lock.unlock"},
                               Known{"media_player.turn_on"},
                               Known{"media_player.turn_off"},
                               Known{"media_player.play"},
                               Known{"media_player.pause"},
                               Known{"media_player.next_track"},
                               Known{"media_player.previous_track"},
                               Known{"media_player.volume_set", {"level"}},
                               Known{"timer.start", {"duration"}},
                               Known{"timer.cancel"},
                               Known{"timer.pause"},
                               Known{"vacuum.start"},
                               Known{"vacuum.pause"},
                               Known{"vacuum.return_to_base"}};

bool can_do(const House& house, const Named& named, const Action& action) {
  return std::any_of(house.devices.begin(), house.devices.end(), [&](const Device& device) {
    return may_mean(named, device) && is_able(house, device, &action);
  });
}

// Whether a value was said that something may be set to.
bool says_value(std::string_view said) {
  const std::string lower = lower_case(said);
  const auto is_said = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
  return !numbers_in(lower).empty() || says_share(lower) ||
         std::any_of(colours().begin(), colours().end(), is_said) ||
         std::any_of(hvac_modes().begin(), hvac_modes().end(), is_said);
}

// Words for one thing and for its opposite: whoever says only one of them does not want the other.
struct Opposites {
  std::string_view action;
  std::array<std::string_view, 4> said, unsaid;
};
constexpr std::array kOpposites = {
    Opposites{"Turning on", {"off"}, {"on", "light"}},
    Opposites{"Turning off", {"on"}, {"off", "out"}},
    Opposites{"Closing", {"open", "opened"}, {"close", "closed", "shut", "closing"}},
    Opposites{"Opening", {"close", "closed", "shut", "closing"}, {"open", "opened"}},
    Opposites{"Locking", {"unlock", "unlocked"}, {"lock", "locked"}},
    Opposites{"Unlocking", {"lock", "locked", "locking"}, {"unlock", "unlocked", "unlocking"}}};
constexpr std::array<std::string_view, 16> kDenials = {
    "not",    "no",     "dont",   "isnt", "arent", "doesnt",  "never", "stop",
    "enough", "longer", "needed", "need", "wasnt", "without", "wont",  "shouldnt"};

bool says_one_of(const std::vector<std::string>& words, std::span<const std::string_view> wanted) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return has_word(wanted, word); });
}

// Whether the words say the opposite of what the action does, and nothing else.
bool contradicts(std::string_view said, std::string_view action) {
  const std::vector<std::string> words = plain_words(said);
  if (says_one_of(words, kDenials)) return false;
  return std::any_of(kOpposites.begin(), kOpposites.end(), [&](const Opposites& pair) {
    return pair.action == action && says_one_of(words, pair.said) &&
           !says_one_of(words, pair.unsaid);
  });
}

// "never mind": what was asked for shall not be done.
bool calls_off(std::string_view said) {
  const std::string lower = lower_case(said);
  constexpr std::array<std::string_view, 9> kCallsOff = {
      "never mind", "nevermind",   "no thank",       "not any of", "none of",
      "forget it",  "leave it be", "doesn't matter", "neither"};
  return std::any_of(kCallsOff.begin(), kCallsOff.end(),
                     [&](std::string_view text) { return lower.find(text) != std::string::npos; });
}

// The first words of a question of what is so.
constexpr std::array<std::string_view, 13> kAsking = {
    "is",    "are",  "isnt",  "arent", "was",  "did", "has",
    "whats", "what", "which", "whos",  "hows", "does"};  // not "were": "we're" is no question
constexpr std::array<std::string_view, 8> kAskingHow = {"many", "much", "bright", "warm",
                                                        "hot",  "cold", "loud",   "fast"};
// What makes a wish of it: "is there any way you could", "what about", "is it possible to".
constexpr std::array<std::string_view, 6> kWishing = {"you",   "about",  "possible",
                                                      "could", "please", "way"};

bool asks(const std::vector<std::string>& clause) {
  if (clause.size() < 3 || says_one_of(clause, kWishing)) return false;
  if (clause[0] == "how") return has_word(kAskingHow, clause[1]);
  if (clause[0] == "check" || clause[0] == "tell") {
    return clause[1] == "if" || clause[1] == "whether" || clause[2] == "if" ||
           clause[2] == "what" || clause[2] == "how" || clause[2] == "which";
  }
  return has_word(kAsking, clause[0]);
}

bool is_relative(std::string_view said) {
  constexpr std::array<std::string_view, 5> kDomains = {"light", "fan", "cover", "media_player",
                                                        "climate"};
  return !says_value(said) && std::any_of(kDomains.begin(), kDomains.end(), [&](auto domain) {
    return direction_in(said, domain) != 0;
  });
}

}  // namespace

std::vector<std::string> missing_from(const House& house, const Asked& asked) {
  const Named named = meant_in(house, asked);
  std::vector<std::string> missing;
  for (const Known& known : kKnown) {
    const bool is_of_named =
        std::any_of(house.devices.begin(), house.devices.end(), [&](const Device& device) {
          return may_mean(named, device) && domain_of(device.id) == domain_of(known.service);
        });
    if (!is_of_named) continue;
    const std::string begin = std::string(kCannotDo) + " " + std::string(known.service);
    const Service* service = find_service(house, known.service);
    if (service == nullptr) {
      missing.push_back(begin + " is not available here.");
      continue;
    }
    for (const std::string_view parameter : known.parameters) {
      if (parameter.empty() || has_word(service->parameters, parameter)) continue;
      missing.push_back(begin + " has no " + std::string(parameter) + " here.");
    }
  }
  return missing;
}

bool asks_state(std::string_view said) {
  for (size_t begin = 0; begin < said.size();) {
    const size_t end = std::min(said.find_first_of(",.:;\n", begin), said.size());
    if (asks(plain_words(said.substr(begin, end - begin)))) return true;
    begin = end + 1;
  }
  return false;
}

bool asks_ids(std::string_view said) {
  constexpr std::array<std::string_view, 4> kIds = {"id", "ids", "called", "named"};
  const size_t point = said.find('.');
  const bool is_id = point != std::string_view::npos && point + 1 < said.size() &&
                     std::isalnum(static_cast<unsigned char>(said[point + 1])) != 0;
  return is_id || says_one_of(plain_words(said), kIds);
}

bool means_many(std::string_view said) {
  return std::any_of(kMany.begin(), kMany.end(),
                     [&](std::string_view word) { return says_word(said, word); });
}

bool is_in_doubt(const House& house, const Asked& asked, const Named& named, const Action* action) {
  if (!asked.is_first || means_many(asked.last)) return false;
  if (named.devices.empty()) {
    // Nothing was named: the only one of its kind may be meant.
    std::map<std::string_view, int> n_able;
    for (const Device& device : house.devices) {
      const std::string_view domain = domain_of(device.id);
      const bool fits = action != nullptr ? is_able(house, device, action)
                                          : direction_in(asked.last, domain) != 0;
      if (fits) ++n_able[domain];
    }
    const auto one_or_many = [](const auto& kind) {
      return kind.second == 1 || kind.second > static_cast<int>(kMostAskedBack);
    };
    return !n_able.empty() && std::none_of(n_able.begin(), n_able.end(), one_or_many);
  }
  for (const Devices& equal : named.equals) {
    Devices able;
    for (const Device* device : equal) {
      if (action == nullptr || is_able(house, *device, action)) able.push_back(device);
    }
    const bool is_of_one_kind = std::all_of(able.begin(), able.end(), [&](const Device* device) {
      return domain_of(device->id) == domain_of(able.front()->id);
    });
    if (able.size() > 1 && able.size() <= kMostAskedBack && is_of_one_kind) return true;
  }
  return false;
}

std::vector<Continuation> beginnings_of(const House& house, const Asked& asked) {
  const Named named = meant_in(house, asked);
  std::vector<Continuation> choices;
  // Not open: whole words, after which others say what may follow.
  const auto add = [&](std::string text, bool open) {
    if (!open) choices.push_back({text + " ", true});
    choices.push_back({std::move(text), open});
  };
  for (std::string& count : counts_of(house, asked.last)) choices.push_back({std::move(count)});
  if (!asked.is_first && calls_off(asked.last)) {
    for (const std::string_view other : kSmallTalk) add(std::string(other), true);
    return choices;
  }
  const bool tells = asks_state(asked.last);
  for (const Action& action : actions()) {
    if (tells || contradicts(asked.last, action.words)) continue;
    const bool lacks_value = action.words == "Setting" && is_relative(asked.last);
    if (lacks_value || !can_do(house, named, action)) continue;
    if (is_in_doubt(house, asked, named, &action)) continue;
    const std::string words(action.words);
    add(words + (words == "Skipping to"  ? " the next track on the"
                 : words == "Going back" ? " a track on the"
                                         : " the"),
        false);
    add(words + (words.ends_with("ocking") ? " everything" : " all the"), false);
  }
  if (!is_in_doubt(house, asked, named, nullptr)) add("The", false);
  if (named.devices.empty() || !named.equals.empty()) add("Which one do you mean:", false);
  if (!tells) add("I can't do that with the", false);
  if (!tells && !missing_from(house, asked).empty()) add(std::string(kCannotDo), false);
  if (named.is_sure) return choices;
  if (asks_ids(asked.last)) {
    for (const Device& device : house.devices) add(device.id + " is", true);
  }
  add("I can't find", true);
  add("I can't help", true);
  if (!named.devices.empty()) return choices;
  for (const std::string_view other : kSmallTalk) add(std::string(other), true);
  return choices;
}

}  // namespace cria::house
