// What a reply may begin with, by what was said and what the house can do.
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

// The words of each clause that has any.
std::vector<std::vector<std::string>> clauses_of(std::string_view said) {
  std::vector<std::vector<std::string>> clauses;
  for (size_t begin = 0; begin < said.size();) {
    const size_t end = std::min(said.find_first_of(",.:;?!\n", begin), said.size());
    std::vector<std::string> words = plain_words(said.substr(begin, end - begin));
    if (!words.empty()) clauses.push_back(std::move(words));
    begin = end + 1;
  }
  return clauses;
}

// Whether a value was said that something may be set to.
bool says_value(std::string_view lower) {
  const auto is_said = [&](std::string_view word) { return says_phrase(lower, word); };
  return !numbers_in(lower).empty() || says_share(lower) ||
         std::any_of(colours().begin(), colours().end(), is_said) ||
         std::any_of(hvac_modes().begin(), hvac_modes().end(), is_said);
}

// Words for one thing and for its opposite: whoever orders one of them does not want the other.
struct Opposites {
  std::string_view action;
  std::string_view ordered;
  std::array<std::string_view, 4> unsaid;
};
constexpr std::array kOpposites = {
    Opposites{"Turning on", "off", {"on", "light"}},
    Opposites{"Turning off", "on", {"off", "out", "down"}},
    Opposites{"Closing", "open", {"close", "closed", "shut", "closing"}},
    Opposites{"Opening", "close", {"open", "opened"}},
    Opposites{"Opening", "shut", {"open", "opened", "down"}},
    Opposites{"Locking", "unlock", {"lock", "locked"}},
    Opposites{"Unlocking", "lock", {"unlock", "unlocked", "unlocking"}}};
constexpr std::array<std::string_view, 15> kDenials = {
    "not",    "no",     "dont", "isnt",  "arent",   "doesnt", "never",   "stop",
    "enough", "longer", "need", "wasnt", "without", "wont",   "shouldnt"};
constexpr std::array<std::string_view, 9> kTurning = {"turn",  "switch", "put",  "power",   "flick",
                                                      "click", "turned", "kick", "switched"};
constexpr std::array<std::string_view, 8> kBeforeOrders = {"please", "you",  "to",  "and",
                                                           "then",   "just", "pls", "al"};
constexpr std::array<std::string_view, 5> kAfterOrders = {"please", "now", "thanks", "al", "ta"};
constexpr std::array<std::string_view, 6> kTelling = {"is", "are", "was", "its", "left", "still"};

bool says_one_of(const std::vector<std::string>& words, std::span<const std::string_view> wanted) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return has_word(wanted, word); });
}

// Whether a clause orders it: "turn it off", "lamp off please", "and open the door"; not "the fan
// is off, ...", "the light on the porch".
bool orders(const std::vector<std::string>& clause, std::string_view word) {
  if (says_one_of(clause, kTelling)) return false;
  const bool is_state = word == "on" || word == "off";
  for (size_t i = 0; i < clause.size(); ++i) {
    if (clause[i] != word) continue;
    const bool is_first = i == 0 || has_word(kBeforeOrders, clause[i - 1]);
    const bool is_last = i + 1 == clause.size() || has_word(kAfterOrders, clause[i + 1]);
    const bool is_turned = i > 0 && has_word(kTurning, clause[i - 1]);
    if (is_state ? is_last || is_turned : is_first) return true;
  }
  return false;
}

// Whether the words order the opposite of what the action does, and nothing else.
bool contradicts(std::string_view said, std::string_view action) {
  const std::vector<std::string> words = plain_words(said);
  if (says_one_of(words, kDenials)) return false;
  const std::vector<std::vector<std::string>> clauses = clauses_of(said);
  return std::any_of(kOpposites.begin(), kOpposites.end(), [&](const Opposites& pair) {
    return pair.action == action && !says_one_of(words, pair.unsaid) &&
           std::any_of(clauses.begin(), clauses.end(),
                       [&](const auto& clause) { return orders(clause, pair.ordered); });
  });
}

// "never mind": what was asked for shall not be done.
bool calls_off(std::string_view said) {
  constexpr size_t kMostWords = 5;  // more are a wish of their own
  if (plain_words(said).size() > kMostWords) return false;
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
  const std::vector<std::vector<std::string>> clauses = clauses_of(said);
  const auto is_asked = std::find_if(clauses.begin(), clauses.end(), asks);
  // "is it too dark in here? turn on the lamp"
  return is_asked != clauses.end() &&
         (said.find('?') == std::string_view::npos || is_asked + 1 == clauses.end());
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
  const Named named = meant_in(house, asked), said = named_in(house, asked.last);
  const std::string wish = without_names(house, asked.last);
  std::vector<Continuation> choices;
  // Not open: whole words, after which others say what may follow.
  const auto add = [&](std::string text, bool open) {
    if (!open) choices.push_back({text + " ", true});
    choices.push_back({std::move(text), open});
  };
  for (std::string& count : counts_of(house, asked.last)) choices.push_back({std::move(count)});
  if (!asked.is_first && said.devices.empty() && calls_off(asked.last)) {
    for (const std::string_view other : kSmallTalk) add(std::string(other), true);
    return choices;
  }
  const bool tells = asks_state(asked.last);
  bool in_doubt = false;
  for (const Action& action : actions()) {
    if (tells || contradicts(wish, action.words)) continue;
    const bool lacks_value = action.words == "Setting" && is_relative(wish);
    if (lacks_value || !can_do(house, named, action)) continue;
    const std::string words(action.words);
    const bool is_doubted = is_in_doubt(house, asked, named, &action);
    if (is_doubted && words.ends_with("ocking")) add(words + " everything", false);
    in_doubt = in_doubt || is_doubted;
    if (is_doubted) continue;
    add(words + (words == "Skipping to"  ? " the next track on the"
                 : words == "Going back" ? " a track on the"
                                         : " the"),
        false);
    add(words + (words.ends_with("ocking") ? " everything" : " all the"), false);
  }
  if (!is_in_doubt(house, asked, named, nullptr)) add("The", false);
  const bool may_ask = named.devices.empty() || !named.equals.empty();
  if (may_ask && !questions_of(house, asked).empty()) add(std::string(kWhich), false);
  if (!tells) add("I can't do that with the", false);
  if (!tells && !missing_from(house, asked).empty()) add(std::string(kCannotDo), false);
  // Of several that fit none is missing.
  const bool is_found = named.is_whole || (in_doubt && !named.equals.empty());
  if (!is_found) add("I can't find", true);
  if (asks_ids(asked.last)) {
    for (const Device& device : house.devices) add(device.id + " is", true);
  }
  if (said.is_sure) return choices;
  add("I can't help", true);
  if (tells && !said.devices.empty()) return choices;
  for (const std::string_view other : kSmallTalk) add(std::string(other), true);
  return choices;
}

}  // namespace cria::house
