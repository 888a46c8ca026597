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
// Of which there may be more or less.
constexpr std::array<Word, 11> kAmounts = {"light",      "air",    "speed", "volume",
                                           "heat",       "warmth", "sound", "power",
                                           "brightness", "wind",   "noise"};
// Adjectives as well.
constexpr std::array<Word, 4> kVerbsToo = {"warm", "cool", "slow", "heat"};
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

bool is_told(Word last) {
  return has_word(std::array<Word, 7>{"is", "are", "its", "very", "bit", "rather", "little"}, last);
}

// Whether a verb stands where a wish has it: "cool the room", "please dim it", "make it warm".
bool is_ordered(const Words& words, size_t i) {
  constexpr std::array<Word, 12> kBefore = {"please", "you", "to",  "and",  "then", "just",
                                            "it",     "al",  "pls", "lets", "also", "quickly"};
  return i == 0 || has_word(kBefore, words[i - 1]) || before(words, i, 1) == "them";
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
  const bool is_excess = has_word(kExcess, is_far ? before(words, i, 2) : last);
  if (is_denied(words, i) && (is_excess || is_told(last))) {
    return last == "too" || last == "very" || !is_excess ? 0 : -much;  // "not so loud"
  }
  if ((much != 0 || word == "heat" || word == "wind" || word == "noise") && is_excess) {
    return much == 0 ? -1 : -much;
  }
  if (word == "far" && last == "too" && is_cover) {
    return before(words, i, 2) == "open" ? -1 : before(words, i, 2) == "closed" ? 1 : 0;
  }
  if (word == "more" || word == "less") {
    if (is_denied(words, i)) return 0;
    const int sign = word == "more" ? 1 : -1;
    const int of = has_word(kAmounts, next) ? 1 : much_of(next);
    // "a bit more" of what was said before.
    return of != 0 ? sign * of : word == "less" ? -1 : 0;
  }
  // Said with "more" or "less" before it.
  if (last == "more" || last == "less") return 0;
  if (domain == "climate" && has_word(kTooLittleFelt, word)) return 1;
  if (domain == "climate" && has_word(kTooMuchFelt, word)) return -1;
  // "it's dim in here" complains; "dim it" wishes; "it's getting warm" may be either.
  if (much != 0 && is_told(last)) return -much;
  if (has_word(kVerbsToo, word) && !is_ordered(words, i)) return 0;
  if (domain == "light" && (word == "dark" || word == "gloomy")) return last == "it" ? 0 : 1;
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
