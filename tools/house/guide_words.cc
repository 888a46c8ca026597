// What may follow the words of a reply: names, states, values, questions.
#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "house/guide_parts.h"
#include "house/relative.h"
#include "house/sentences.h"
#include "house/words.h"

namespace cria::house {
namespace {

constexpr size_t kLongestBeginning = 40;  // counts are longer, and looked at on their own
constexpr size_t kMostLostWords = 6;      // of "I can't find the ..."
constexpr std::string_view kCannotFind = "I can't find the", kNotHere = " in this house.";

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

// A sensor: nothing can be done with it.
bool only_tells(const Device& device) {
  const std::string_view domain = domain_of(device.id);
  return domain == "sensor" || domain == "binary_sensor";
}

// Those of the devices for which holds is true; all of them where it is for none.
template <typename Holds>
Devices preferred(Devices devices, Holds holds) {
  Devices found;
  std::copy_if(devices.begin(), devices.end(), std::back_inserter(found),
               [&](const Device* device) { return holds(*device); });
  return found.empty() ? devices : found;
}

std::vector<Continuation> names_after(const House& house, const Asked& asked,
                                      const Sentence& sentence, const Article& article) {
  const Action* action = action_of(sentence.masked);
  const bool acts = action != nullptr && !article.before.empty();
  const auto is_said = [&](const Device& device) {
    return std::any_of(
        sentence.mentions.begin(), sentence.mentions.end(), [&](const auto& mention) {
          return mention.at < article.before.size() && mention.devices.front()->name == device.name;
        });
  };
  Devices devices;
  for (const Device& device : house.devices) {
    if (device.name.empty() || (acts && only_tells(device)) || is_said(device)) continue;
    devices.push_back(&device);
  }
  const Named named = meant_in(house, asked);
  if (acts || article.before.empty() || article.before.starts_with("I can't do that")) {
    devices = preferred(devices, [&](const Device& device) { return may_mean(named, device); });
  }
  if (article.before.empty() && named.devices.empty()) {
    devices = preferred(devices, [&](const Device& device) {
      return direction_in(asked.last, domain_of(device.id)) != 0;
    });
  }
  if (acts) {
    devices = preferred(devices, [&](const Device& one) { return is_able(house, one, action); });
  }
  std::vector<Continuation> choices;
  for (const Device* device : devices) choices.push_back({" " + device->name});
  const auto does_to_lights = [&](std::string_view what) {
    return std::find(action->services.begin(), action->services.end(), what) !=
           action->services.end();
  };
  const bool is_first = article.before.find(" the ") == std::string_view::npos;
  if (acts && is_first && (!named.is_sure || means_many(asked.last)) &&
      (does_to_lights("turn_on") || does_to_lights("turn_off"))) {
    for (const std::string& room : rooms_of(house)) {
      if (says_words(asked.all, room)) choices.push_back({" " + room + " lights"});
    }
  }
  return choices;
}

// What a text may go on with on its way to one of the choices; nullopt where it has left them.
// Where it has come to one, that which ends it.
Continuations on_the_way(const std::vector<Continuation>& choices, std::string_view text,
                         const std::vector<Continuation>& ends) {
  std::vector<Continuation> next;
  for (const Continuation& choice : choices) {
    if (choice.text == text) {
      if (choice.open) continue;  // what follows is another's to say
      next.insert(next.end(), ends.begin(), ends.end());
    } else if (choice.text.starts_with(text)) {
      next.push_back({choice.text.substr(text.size()), choice.open});
    }
    for (const Continuation& end : ends) {
      const std::string whole = choice.text + end.text;
      if (choice.text.size() < text.size() && whole.size() > text.size() &&
          whole.starts_with(text)) {
        next.push_back({whole.substr(text.size()), end.open});
      }
    }
  }
  if (next.empty()) return std::nullopt;
  return next;
}

std::vector<Continuation> any_of(std::initializer_list<std::string_view> texts) {
  std::vector<Continuation> all;
  for (const std::string_view text : texts) all.push_back({std::string(text), true});
  return all;
}

// Whether what was said names a device that the sentence has not named yet, and that it could.
bool goes_on(const House& house, const Asked& asked, const Sentence& sentence,
             const Action* action) {
  const Named named = meant_in(house, asked);
  if (!named.is_sure || means_many(asked.last)) return true;
  return std::any_of(named.devices.begin(), named.devices.end(), [&](const Device* device) {
    const bool is_said = std::any_of(
        sentence.mentions.begin(), sentence.mentions.end(),
        [&](const Mention& mention) { return mention.devices.front()->name == device->name; });
    return is_able(house, *device, action) && !is_said;
  });
}

// What ends a name.
std::vector<Continuation> after_name(const House& house, const Asked& asked,
                                     const Sentence& sentence, const Article& article,
                                     const Device* device) {
  const Action* action = action_of(sentence.masked);
  if (article.before.empty()) return any_of({" is ", " are "});
  if (action == nullptr || sentence.text.starts_with("The "))
    return any_of({" ", ",", ".", ";", "?"});
  std::vector<Continuation> ends;
  if (goes_on(house, asked, sentence, action)) ends = any_of({", the", " and the"});
  const bool is_timer = device != nullptr && domain_of(device->id) == "timer";
  ends.push_back({action->words == "Setting"                ? " to"
                  : action->words == "Starting" && is_timer ? " for"
                  : action->words == "Sending"              ? " home."
                                                            : ".",
                  true});
  return ends;
}

// What ends what is so of a device: the answer to yes or no, and why a wish is not fulfilled.
std::vector<Continuation> told_ends(const Device* device) {
  std::vector<Continuation> ends = any_of({".", ", so yes", ", so no", ";"});
  const bool is_climate = device != nullptr && domain_of(device->id) == "climate";
  if (is_climate) ends.push_back({", so I can't change its temperature"});
  return ends;
}

// What follows "to" or "for": the values that are left of those, one or, joined by "and", several.
Continuations next_value(const House& house, const Asked& asked, const Sentence& sentence,
                         std::string_view value) {
  const Device* device =
      sentence.mentions.empty() ? nullptr : sentence.mentions.back().devices.front();
  const std::vector<std::string> values = values_for(house, asked, sentence.masked, device);
  if (values.empty()) return std::nullopt;
  std::vector<std::string> used;
  for (size_t joint = value.find(" and "); joint != std::string_view::npos;
       joint = value.find(" and ")) {
    used.emplace_back(value.substr(std::min<size_t>(1, joint), joint - std::min<size_t>(1, joint)));
    value.remove_prefix(joint + 4);
  }
  if (value.ends_with(" and")) {
    used.emplace_back(value.substr(1, value.size() - 5));
    value.remove_prefix(value.size());
  }
  std::vector<Continuation> choices;
  for (const std::string& one : values) {
    if (!has_word(used, one)) choices.push_back({" " + one});
  }
  return on_the_way(choices, value, any_of({" and", "."}));
}

// What follows an article: a name, and after it what is so.
Continuations next_after(const House& house, const Asked& asked, const Sentence& sentence,
                         const Article& article) {
  std::vector<Continuation> states;
  const Device* named = nullptr;
  for (const Device& device : house.devices) {
    if (article.after.starts_with(" " + device.name) &&
        (named == nullptr || device.name.size() > named->name.size())) {
      named = &device;
    }
    for (const std::string_view verb : {" is", " are"}) {
      if (!sentence.text.starts_with("The ") ||
          !article.after.starts_with(" " + device.name + std::string(verb))) {
        continue;
      }
      for (Continuation& state : states_after(house, asked, device)) {
        states.push_back(std::move(state));
      }
    }
  }
  if (!states.empty()) return on_the_way(states, article.after, told_ends(named));
  return on_the_way(names_after(house, asked, sentence, article), article.after,
                    after_name(house, asked, sentence, article, named));
}

void add_list(const Devices& devices, std::vector<Continuation>& choices) {
  if (devices.size() < 2 || devices.size() > kMostAskedBack) return;
  choices.push_back({std::string(kWhich) + " " + listed(devices, " or ") + "?"});
}

}  // namespace

std::vector<Continuation> questions_of(const House& house, const Asked& asked) {
  Named named = meant_in(house, asked);
  std::vector<Continuation> choices;
  if (named.devices.empty()) {
    for (const Device& device : house.devices) named.devices.push_back(&device);
    named.equals = {named.devices};
  }
  for (const Devices& equal : named.equals) {
    Devices doing;
    std::copy_if(equal.begin(), equal.end(), std::back_inserter(doing),
                 [](const Device* device) { return !only_tells(*device); });
    add_list(doing, choices);
    for (const Device* device : equal) {
      Devices of_kind;
      std::copy_if(
          equal.begin(), equal.end(), std::back_inserter(of_kind),
          [&](const Device* other) { return domain_of(other->id) == domain_of(device->id); });
      if (of_kind.front() == device) add_list(of_kind, choices);
    }
  }
  return choices;
}

namespace {

// "I can't find the garden light in this house.": words that were said.
Continuations next_lost(const Asked& asked, std::string_view words) {
  std::vector<std::string> said(1);
  for (const char c : lower_case(asked.last)) {
    const bool ends = c == ' ' || c == ',' || c == '.' || c == '?' || c == '!' || c == '\n';
    if (!ends) said.back() += c;
    if (ends && !said.back().empty()) said.emplace_back();
  }
  std::vector<Continuation> choices;
  for (size_t i = 0; i < said.size(); ++i) {
    std::string text(kCannotFind);
    for (size_t j = i; j < std::min(said.size(), i + kMostLostWords); ++j) {
      if (said[j].empty()) continue;
      text += " " + said[j];
      choices.push_back({text + std::string(kNotHere)});
    }
  }
  return on_the_way(choices, words, {Continuation()});
}

// A whole sentence that tells something of a device: nothing is done, and nothing more is said.
bool has_told(const House& house, std::string_view words) {
  if (!words.ends_with('.')) return false;
  const std::vector<Sentence> sentences = sentences_of(house, words);
  if (sentences.size() != 1) return false;
  const Sentence& sentence = sentences.front();
  if (sentence.mentions.empty() || sentence.mentions.front().at != 4) return false;
  const std::string_view rest =
      std::string_view(sentence.masked).substr(4 + sentence.mentions.front().size);
  return sentence.text.starts_with("The ") && action_of(sentence.masked) == nullptr &&
         (rest.starts_with(" is ") || rest.starts_with(" are ")) && rest.ends_with('.') &&
         !std::isdigit(static_cast<unsigned char>(words[words.size() - 2]));
}

}  // namespace

Continuations next_words(const House& house, const Asked& asked, std::string_view words) {
  if (words.ends_with('.') && can_do_nothing(house, words)) return std::vector<Continuation>(1);
  if (has_told(house, words)) return std::vector<Continuation>(1);
  if (words.starts_with(kWhich)) {
    return on_the_way(questions_of(house, asked), words, {Continuation()});
  }
  if (words.starts_with(kCannotFind)) return next_lost(asked, words);
  if (words.starts_with(kCannotDo)) {
    std::vector<Continuation> choices;
    for (std::string& text : missing_from(house, asked)) choices.push_back({std::move(text)});
    Continuations next = on_the_way(choices, words, {Continuation()});
    if (next) return next;
  }
  std::vector<Continuation> begins;
  if (words.size() <= kLongestBeginning) begins = beginnings_of(house, asked);
  const bool has_begun = std::any_of(begins.begin(), begins.end(), [&](const Continuation& one) {
    return !one.open && one.text == words;
  });
  if (!has_begun) {
    if (const Continuations next = on_the_way(begins, words, {})) return next;
  }
  for (const std::string& begin : count_words()) {
    if (!words.starts_with(begin + " ")) continue;
    std::vector<Continuation> choices;
    for (std::string& count : counts_of(house, asked.last)) choices.push_back({std::move(count)});
    const Continuations next = on_the_way(choices, words, any_of({".", ", so yes", ", so no"}));
    if (next) return next;
  }
  const Sentence sentence = sentences_of(house, words).back();
  for (const Article& article : articles_of(sentence)) {
    if (!wants_name(sentence.text, article)) continue;
    Continuations next = next_after(house, asked, sentence, article);
    if (next) return next;
  }
  const std::optional<std::string> value = value_in(sentence);
  return value ? next_value(house, asked, sentence, *value) : std::nullopt;
}

}  // namespace cria::house
