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

bool is_article_at(std::string_view text, size_t i) {
  const std::string_view word = text.substr(i, 4);
  return (word == "the " || word == "The ") && (i == 0 || text[i - 1] == ' ');
}

// All lights whose names have all the words of text.
Devices lights_of(const House& house, std::string_view text) {
  Devices found;
  std::vector<std::string> wanted;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) wanted.push_back(lower_case(text.substr(at, end - at)));
    at = end + 1;
  }
  for (const Device& device : house.devices) {
    if (wanted.empty() || domain_of(device.id) != "light") continue;
    const std::string name = lower_case(device.name);
    const bool has_all = std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
      return find_words(name, word) != std::string::npos;
    });
    if (has_all) found.push_back(&device);
  }
  return found;
}

// Those of "all the lights", "everything", "the kitchen lights".
Devices group_in(const House& house, std::string_view sentence) {
  Devices found;
  for (const Kind& kind : kKinds) {
    if (sentence.find(kind.words) == std::string_view::npos) continue;
    for (const Device& device : house.devices) {
      if (domain_of(device.id) == kind.domain) found.push_back(&device);
    }
    return found;
  }
  const size_t the = sentence.find(" the ");
  if (the == std::string_view::npos) return {};
  const std::string_view after = sentence.substr(the + 5);
  const size_t lights = after.find(" lights");
  return lights == std::string_view::npos ? Devices() : lights_of(house, after.substr(0, lights));
}

// Names after articles, the longest that stands there.
std::vector<Mention> mentions_in(const House& house, std::string_view words, bool any_case) {
  std::vector<Mention> mentions;
  const std::string lower = any_case ? lower_case(words) : std::string();
  for (size_t i = 0; i + 4 < words.size(); ++i) {
    if (!is_article_at(words, i)) continue;
    const std::string_view rest = (any_case ? std::string_view(lower) : words).substr(i + 4);
    Mention mention = {i + 4, 0, {}};
    for (const Device& device : house.devices) {
      const std::string& name = device.name;
      if (name.empty() || name.size() < mention.size || is_word_at(rest, name.size())) continue;
      if (!rest.starts_with(any_case ? lower_case(name) : name)) continue;
      if (name.size() > mention.size) mention.devices.clear();
      mention.size = name.size();
      mention.devices.push_back(&device);
    }
    if (mention.size == 0) continue;
    i = mention.at + mention.size - 1;
    mentions.push_back(std::move(mention));
  }
  return mentions;
}

void mask(std::string& text, const std::vector<Mention>& mentions) {
  for (const Mention& mention : mentions)
    text.replace(mention.at, mention.size, mention.size, '\n');
}

// Of several devices of one name, that with which it can be done.
const Device* meant(const House& house, const Devices& devices, const Action* action) {
  const auto able = std::find_if(devices.begin(), devices.end(), [&](const Device* device) {
    return is_able(house, *device, action);
  });
  return able == devices.end() ? devices.front() : *able;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::span<const Action> actions() { return kActions; }

const Action* action_of(std::string_view sentence) {
  for (const Action& action : kActions) {
    if (sentence.starts_with(action.words)) return &action;
  }
  const bool sets = sentence.find(", setting") != std::string_view::npos;
  return sets ? &kActions.back() : nullptr;
}

bool does(const Service& service, const Device& device, const Action* action) {
  const std::string_view domain = domain_of(device.id);
  if (domain_of(service.name) != domain) return false;
  if (action == nullptr) return true;
  const size_t dot = service.name.find('.');
  if (dot == std::string::npos) return false;
  const std::string_view what = std::string_view(service.name).substr(dot + 1);
  // Only lights are set to something as they are turned on.
  if (action == &kActions.back() && what == "turn_on" && domain != "light") return false;
  return std::find(action->services.begin(), action->services.end(), what) !=
         action->services.end();
}

bool is_able(const House& house, const Device& device, const Action* action) {
  return std::any_of(house.services.begin(), house.services.end(),
                     [&](const Service& service) { return does(service, device, action); });
}

std::vector<Sentence> sentences_of(const House& house, std::string_view words) {
  std::vector<Sentence> sentences;
  std::string masked(words);
  const std::vector<Mention> mentions = mentions_in(house, words, false);
  mask(masked, mentions);
  for (size_t begin = 0; begin <= words.size();) {
    const size_t end = std::min(masked.find(". ", begin), words.size());
    Sentence sentence = {
        std::string(words.substr(begin, end - begin)), masked.substr(begin, end - begin), {}};
    for (const Mention& mention : mentions) {
      if (mention.at < begin || mention.at >= end) continue;
      sentence.mentions.push_back({mention.at - begin, mention.size, mention.devices});
    }
    if (sentence.mentions.empty() && group_in(house, sentence.text).empty()) {
      sentence.mentions = mentions_in(house, sentence.text, true);
      mask(sentence.masked, sentence.mentions);
    }
    sentences.push_back(std::move(sentence));
    begin = end + 2;
  }
  return sentences;
}

std::optional<std::string> value_in(const Sentence& sentence) {
  const std::string_view text = sentence.masked;
  for (const std::string_view before : {", setting it to", ", setting them to"}) {
    const size_t at = text.find(before);
    if (at != std::string_view::npos) return std::string(text.substr(at + before.size()));
  }
  const bool starts = text.starts_with("Starting");
  if (!starts && !text.starts_with("Setting")) return std::nullopt;
  const std::string_view before = starts ? " for" : " to";
  const size_t at = text.rfind(before);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view value = text.substr(at + before.size());
  if (!value.empty() && value.front() != ' ') return std::nullopt;
  return std::string(value);
}

std::vector<Promise> promises_in(const House& house, std::string_view words) {
  std::vector<Promise> promises;
  for (const Sentence& sentence : sentences_of(house, words)) {
    const Action* action = action_of(sentence.masked);
    Devices devices;
    for (const Mention& mention : sentence.mentions) {
      devices.push_back(meant(house, mention.devices, action));
    }
    if (devices.empty() && action != nullptr) devices = group_in(house, sentence.text);
    for (const Device* device : devices) promises.push_back({device, action, value_in(sentence)});
  }
  const auto is_told = [](const Promise& promise) { return promise.action == nullptr; };
  if (!std::all_of(promises.begin(), promises.end(), is_told)) std::erase_if(promises, is_told);
  return promises;
}

std::vector<std::string> idle_words_in(const House& house, std::string_view words) {
  std::vector<std::string> reasons;
  for (const Promise& promise : promises_in(house, words)) {
    if (promise.action == nullptr || is_able(house, *promise.device, promise.action)) continue;
    reasons.push_back(promise.device->name + ": this house has no service for \"" +
                      std::string(promise.action->words) + "\"");
  }
  for (const Sentence& sentence : sentences_of(house, words)) {
    if (action_of(sentence.masked) == nullptr || !sentence.mentions.empty()) continue;
    // "Toggling it." may be of any.
    const bool is_of_some = sentence.text.find(" the ") != std::string::npos ||
                            sentence.text.find(" everything") != std::string::npos;
    if (!is_of_some || !group_in(house, sentence.text).empty()) continue;
    reasons.push_back("\"" + sentence.text + "\": this house has no such device");
  }
  return reasons;
}

bool can_do_nothing(const House& house, std::string_view words) {
  const std::vector<Promise> promises = promises_in(house, words);
  return !idle_words_in(house, words).empty() &&
         std::none_of(promises.begin(), promises.end(), [&](const Promise& promise) {
           return promise.action != nullptr && is_able(house, *promise.device, promise.action);
         });
}

}  // namespace cria::house
