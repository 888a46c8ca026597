#include "house/relative.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "house/words.h"

namespace cria::house {
namespace {

using Words = std::vector<std::string>;
using Word = std::string_view;

// How much of it there is: "bright" is much, "dark" little. A complaint ("too bright") wants the
// other way.
constexpr std::array<Word, 12> kMuch = {"bright", "light", "loud",  "warm", "hot",  "fast",
                                        "strong", "high",  "noisy", "open", "wide", "quick"};
constexpr std::array<Word, 16> kLittle = {"dark",   "dim",    "gloomy", "quiet", "silent", "soft",
                                          "cold",   "cool",   "chilly", "slow",  "weak",   "low",
                                          "closed", "narrow", "shut",   "faint"};
// What is wished for as it stands.
constexpr std::array<Word, 26> kUp = {
    "up",      "raise",    "raising", "raised",    "increase",   "boost",   "brighten",
    "lighten", "brighter", "lighter", "louder",    "warmer",     "hotter",  "faster",
    "quicker", "stronger", "higher",  "wider",     "speed",      "amplify", "heat",
    "warm",    "crank",    "upwards", "intensify", "brightening"};
constexpr std::array<Word, 27> kDown = {
    "down",    "lower",   "lowering", "lowered",   "decrease", "reduce", "reduced",
    "dim",     "dimmer",  "darken",   "darker",    "quieter",  "softer", "soften",
    "cooler",  "colder",  "slower",   "weaker",    "cool",     "slow",   "drop",
    "quieten", "gentler", "dimming",  "downwards", "chillier", "calmer"};
// What somebody feels who wants it otherwise.
constexpr std::array<Word, 8> kTooLittleFelt = {"cold",  "freezing", "chilly", "shivering",
                                                "nippy", "frozen",   "shiver", "freeze"};
constexpr std::array<Word, 9> kTooMuchFelt = {"hot",    "boiling",  "sweating",
                                              "stuffy", "roasting", "sweltering",
                                              "sweaty", "melting",  "baking"};
constexpr std::array<Word, 4> kExcess = {"too", "so", "that", "this"};
constexpr std::array<Word, 11> kNot = {"not",  "isnt",   "arent", "dont", "doesnt", "hardly",
                                       "cant", "cannot", "wasnt", "aint", "barely"};

Word at(const Words& words, size_t i) { return i < words.size() ? Word(words[i]) : Word(); }
Word before(const Words& words, size_t i, size_t back) {
  return back <= i ? Word(words[i - back]) : Word();
}

// "bright": 1, "dark": -1, other words 0.
int much_of(Word word) { return has_word(kMuch, word) ? 1 : has_word(kLittle, word) ? -1 : 0; }

bool is_denied(const Words& words, size_t i) {
  for (size_t back = 1; back <= 4; ++back) {
    if (has_word(kNot, before(words, i, back))) return true;
  }
  return false;
}

// What the word at i says, together with those next to it; 0: nothing.
int sign_at(const Words& words, size_t i, Word domain) {
  const Word word = words[i], next = at(words, i + 1);
  const Word last = before(words, i, 1);
  const int much = much_of(word);
  const bool is_cover = domain == "cover";
  if ((word == "open" || word == "closed" || word == "shut" || word == "wide") && !is_cover)
    return 0;
  if (much != 0 && (next == "enough" || (next == "far" && at(words, i + 2) == "enough"))) {
    return is_denied(words, i) ? much : 0;
  }
  // "too bright", "so loud", "too far open", "too much light".
  const bool is_far = last == "far" || last == "much";
  if (much != 0 && has_word(kExcess, is_far ? before(words, i, 2) : last)) return -much;
  if (word == "far" && last == "too" && is_cover) {
    return before(words, i, 2) == "open" ? -1 : before(words, i, 2) == "closed" ? 1 : 0;
  }
  if (word == "more" || word == "less") {
    const int sign = word == "more" ? 1 : -1;
    const int of = next == "light" ? 1 : much_of(next);
    const bool closes =
        is_cover && (has_word(words, "close") || next == "closed" || next == "shut");
    return closes ? -sign : of != 0 ? sign * of : sign;
  }
  // Said with "more" or "less" before it.
  if (last == "more" || last == "less") return 0;
  if (word == "wind" || word == "noise") return last == "much" ? -1 : 0;
  if (domain == "climate" && has_word(kTooLittleFelt, word)) return 1;
  if (domain == "climate" && has_word(kTooMuchFelt, word)) return -1;
  // "it's dim in here" complains; "dim it" wishes.
  const bool is_told = last == "is" || last == "are" || last == "its" || last == "very" ||
                       last == "bit" || last == "rather" || last == "little";
  if (much != 0 && is_told) return domain == "climate" && word == "warm" ? -1 : -much;
  if (domain == "light" && (word == "dark" || word == "gloomy")) return 1;
  if (has_word(kUp, word)) return word == "speed" && next != "up" ? 0 : 1;
  if (has_word(kDown, word)) return -1;
  if (is_cover && (word == "open" || word == "opening")) return 1;
  if (is_cover && (word == "close" || word == "closing" || word == "shut")) return -1;
  const bool cannot = is_denied(words, i);
  if (cannot &&
      ((domain == "media_player" && word == "hear") || (domain == "light" && word == "see"))) {
    return 1;
  }
  return 0;
}

}  // namespace

int direction_in(std::string_view said, std::string_view domain) {
  const Words words = plain_words(said);
  bool up = false, down = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const int sign = sign_at(words, i, domain);
    up = up || sign > 0;
    down = down || sign < 0;
  }
  return up == down ? 0 : up ? 1 : -1;
}

std::optional<Step> step_in(std::string_view said) {
  const Words words = plain_words(said);
  constexpr std::array<Word, 5> kSmall = {"bit", "little", "touch", "tad", "notch"};
  bool small = false, big = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const Word word = words[i], last = before(words, i, 1), next = at(words, i + 1);
    small = small || word == "slightly" || (last == "a" && has_word(kSmall, word)) ||
            (last == "little" && word == "bit");
    // "thanks a lot" and "thank you very much" are no sizes.
    const bool thanks = before(words, i, 2) == "thanks" || last == "you" || last == "very";
    big = big || ((word == "lot" || word == "lots") && !thanks);
    const bool compares = next == "more" || next == "less" || next == "too" || next == "up" ||
                          next == "down" || (next.size() > 3 && next.ends_with("er"));
    const bool is_all = last == "the" || last == "half" || last == "any" || last == "too" ||
                        last == "so" || last == "as" || last == "this" || last == "that";
    big = big ||
          ((word == "much" || word == "way" || word == "far") && compares && !is_all && !thanks);
  }
  if (small == big) return std::nullopt;
  return small ? Step::small : Step::big;
}

}  // namespace cria::house
