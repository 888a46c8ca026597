#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "house/guide_parts.h"
#include "house/sentences.h"
#include "house/state.h"

namespace cria::house {
namespace {

constexpr size_t kMostRoomWords = 3;

// A "the" of a sentence, but for those inside of names: what stands before it and after it.
struct Article {
  std::string_view before, after;
};

std::vector<Article> articles_of(const Sentence& sentence) {
  const std::string_view text = sentence.text, masked = sentence.masked;
  std::vector<Article> articles;
  for (size_t at = 0; at + 3 <= text.size(); ++at) {
    const std::string_view word = masked.substr(at, 3);
    if (word != "the" && !(word == "The" && at == 0)) continue;
    const std::string_view after = text.substr(at + 3);
    const bool stands_alone =
        (at == 0 || masked[at - 1] == ' ') && (after.empty() || after.front() == ' ');
    if (stands_alone) articles.push_back({text.substr(0, at), after});
  }
  return articles;
}

// Whether a device, or lights of a room, are named after the article.
bool wants_name(std::string_view sentence, const Article& article) {
  // The last one is the beginning of "setting them".
  for (const std::string_view other : {"all ", "of ", "to ", "after ", ", setting "}) {
    if (article.before.ends_with(other)) return false;
  }
  if (article.before.empty()) return true;
  if (sentence.starts_with("I can't do that with the")) return true;
  if (sentence.starts_with("I ")) return false;
  return action_of(sentence) != nullptr || sentence.starts_with("The ") ||
         article.before.find(": ") != std::string_view::npos;
}

// "kitchen lights", "living room lights": the lights whose names have these words.
void add_rooms(const House& house, std::vector<Continuation>& choices) {
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
  for (const std::string& room : rooms) choices.push_back({" " + room + " lights"});
}

// A sensor: nothing can be done with it.
bool only_tells(const Device& device) {
  const std::string_view domain = domain_of(device.id);
  return domain == "sensor" || domain == "binary_sensor";
}

std::vector<Continuation> names_after(const House& house, const Sentence& sentence,
                                      const Article& article) {
  const Action* action = action_of(sentence.masked);
  const bool acts = action != nullptr && !article.before.empty();
  const auto is_said = [&](const Device& device) {
    return std::any_of(
        sentence.mentions.begin(), sentence.mentions.end(), [&](const auto& mention) {
          return mention.at < article.before.size() && mention.devices.front()->name == device.name;
        });
  };
  std::vector<Continuation> choices;
  for (const Device& device : house.devices) {
    if (device.name.empty() || (acts && only_tells(device)) || is_said(device)) continue;
    choices.push_back({" " + device.name});
  }
  const auto does_to_lights = [&](std::string_view what) {
    return std::find(action->services.begin(), action->services.end(), what) !=
           action->services.end();
  };
  const bool is_first = article.before.find(" the ") == std::string_view::npos;
  if (acts && is_first && (does_to_lights("turn_on") || does_to_lights("turn_off"))) {
    add_rooms(house, choices);
  }
  return choices;
}

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

// After " Kitchen Light is": what is so.
std::vector<Continuation> states_after(const Device& device, std::string_view verb) {
  const std::string_view domain = domain_of(device.id);
  const State state = parse_state(domain, device.state);
  const std::string begin = " " + device.name + std::string(verb) + " ";
  std::vector<Continuation> choices = {{begin + described(domain, state)}, {begin + device.id}};
  if (domain == "light" || domain == "fan" || domain == "cover" || domain == "media_player" ||
      domain == "climate") {
    const std::string value = value_of(domain, state);
    choices.push_back({begin + "at" + (value.empty() ? "" : " " + value), value.empty()});
  }
  return choices;
}

// The rest of those choices that text is on its way to; nothing where it has left them. Where it
// has come to one, that which ends it.
Continuations on_the_way(const std::vector<Continuation>& choices, std::string_view text,
                         std::string_view ends) {
  std::vector<Continuation> next;
  for (const Continuation& choice : choices) {
    if (choice.text == text) {
      for (const char c : ends) next.push_back({std::string(1, c), true});
    } else if (choice.text.starts_with(text)) {
      next.push_back({choice.text.substr(text.size()), choice.open});
    }
  }
  if (next.empty()) return std::nullopt;
  return next;
}

// What follows "to" or "for": the values that are left of those, one or, joined by "and", several.
Continuations next_value(const House& house, std::string_view asked, const Sentence& sentence,
                         std::string_view value) {
  const Device* device =
      sentence.mentions.empty() ? nullptr : sentence.mentions.back().devices.front();
  const std::vector<std::string> values = values_for(house, asked, sentence.masked, device);
  if (values.empty()) return std::nullopt;
  const size_t joint = value.rfind(" and ");
  if (joint != std::string_view::npos) value.remove_prefix(joint + 4);
  if (value.ends_with(" and")) value.remove_prefix(value.size());
  std::vector<Continuation> choices;
  for (const std::string& one : values) choices.push_back({" " + one});
  return on_the_way(choices, value, " .");
}

// What follows an article: a name, and after it what is so.
Continuations next_after(const House& house, const Sentence& sentence, const Article& article) {
  std::vector<Continuation> states;
  for (const Device& device : house.devices) {
    for (const std::string_view verb : {" is", " are"}) {
      if (!sentence.text.starts_with("The ") ||
          !article.after.starts_with(" " + device.name + std::string(verb))) {
        continue;
      }
      for (Continuation& state : states_after(device, verb)) states.push_back(std::move(state));
    }
  }
  if (!states.empty()) return on_the_way(states, article.after, " .,;");
  return on_the_way(names_after(house, sentence, article), article.after, " .,;?");
}

}  // namespace

Continuations next_words(const House& house, std::string_view asked, std::string_view words) {
  if (words.ends_with('.') && can_do_nothing(house, words)) return std::vector<Continuation>(1);
  const Sentence sentence = sentences_of(house, words).back();
  for (const Article& article : articles_of(sentence)) {
    if (!wants_name(sentence.text, article)) continue;
    Continuations next = next_after(house, sentence, article);
    if (next) return next;
  }
  const std::optional<std::string> value = value_in(sentence);
  return value ? next_value(house, asked, sentence, *value) : std::nullopt;
}

}  // namespace cria::house
