#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <vector>

#include "house/guide_parts.h"
#include "house/sentences.h"
#include "house/state.h"

namespace cria::house {
namespace {

// The last "the" of a sentence: what stands before it and after it.
struct Article {
  std::string_view before, after;
};

std::optional<Article> last_article(std::string_view sentence) {
  for (size_t at = sentence.size() - std::min<size_t>(sentence.size(), 3) + 1; at-- > 0;) {
    const std::string_view word = sentence.substr(at, 3);
    if (word != "the" && !(word == "The" && at == 0)) continue;
    const std::string_view after = sentence.substr(at + 3);
    const bool stands_alone =
        (at == 0 || sentence[at - 1] == ' ') && (after.empty() || after.front() == ' ');
    if (stands_alone) return Article{sentence.substr(0, at), after};
  }
  return std::nullopt;
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

// "kitchen lights", "living room lights": what people call the lights of a room, by the first words
// of their names.
void add_rooms(const House& house, std::vector<Continuation>& choices) {
  for (const Device& device : house.devices) {
    if (domain_of(device.id) != "light") continue;
    std::string name = device.name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (size_t end = name.find(' '); end != std::string::npos; end = name.find(' ', end + 1)) {
      choices.push_back({" " + name.substr(0, end) + " lights"});
    }
  }
}

// A sensor: nothing can be done with it.
bool only_tells(const Device& device) {
  const std::string_view domain = domain_of(device.id);
  return domain == "sensor" || domain == "binary_sensor";
}

std::vector<Continuation> names_after(const House& house, std::string_view sentence,
                                      const Article& article) {
  const Action* action = action_of(sentence);
  const bool acts = action != nullptr && !article.before.empty();
  const Devices said = named_in(house, article.before);
  std::vector<Continuation> choices;
  for (const Device& device : house.devices) {
    if (device.name.empty() || (acts && only_tells(device))) continue;
    if (std::find(said.begin(), said.end(), &device) != said.end()) continue;
    choices.push_back({" " + device.name});
  }
  const bool of_lights = acts && said.empty() &&
                         std::find(action->services.begin(), action->services.end(), "turn_on") !=
                             action->services.end();
  if (of_lights || sentence.starts_with("Turning off")) add_rooms(house, choices);
  return choices;
}

std::string percent_text(int percent) { return std::to_string(percent) + "%"; }

// A device's state in words, to stand after "is": "on at 80% in red".
std::string described(std::string_view domain, const State& state) {
  const std::string level = state.percent ? " at " + percent_text(*state.percent) : "";
  const std::string degrees = state.target ? number_text(*state.target) + state.unit : "";
  if (domain == "light" && state.mode == "on") {
    return "on" + level + (level.empty() || state.colour.empty() ? "" : " in " + state.colour);
  }
  if ((domain == "fan" && state.mode == "on") || (domain == "cover" && state.mode == "open") ||
      (domain == "media_player" && state.mode != "off")) {
    return state.mode + level;
  }
  if (domain == "climate" && state.mode != "off") return "set to " + state.mode + " at " + degrees;
  if (domain == "timer" && !state.remaining.empty()) {
    return state.mode + " with " + state.remaining + " left";
  }
  if (domain == "sensor") return "at " + state.mode;
  return state.mode == "motion" ? "seeing motion" : state.mode;
}

// What a relative wish starts from; "" where the row does not tell.
std::string value_of(std::string_view domain, const State& state) {
  if (domain == "climate" && state.target) return number_text(*state.target) + state.unit;
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
  std::vector<Continuation> choices = {{begin + described(domain, state)}};
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

}  // namespace

Continuations next_words(const House& house, std::string_view words) {
  if (words.ends_with('.')) {
    const size_t n_empty = empty_promises_in(house, words).size();
    if (n_empty > 0 && n_empty == promises_in(house, words).size())
      return std::vector<Continuation>(1);
  }
  const std::string_view sentence = sentences_of(words).back();
  const std::optional<Article> article = last_article(sentence);
  if (!article || !wants_name(sentence, *article)) return std::nullopt;
  const bool tells = sentence.starts_with("The");
  for (const Device& device : house.devices) {
    for (const std::string_view verb : {" is", " are"}) {
      const bool is_asserted =
          tells && article->after.starts_with(" " + device.name + std::string(verb));
      if (is_asserted) return on_the_way(states_after(device, verb), article->after, " .,;");
    }
  }
  return on_the_way(names_after(house, sentence, *article), article->after, " .,;?");
}

}  // namespace cria::house
