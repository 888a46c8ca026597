#include "house/named.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "house/words.h"

namespace cria::house {
namespace {

using Words = std::vector<std::string>;
using Word = std::string_view;

// Another word for the same thing.
constexpr std::array<std::array<Word, 4>, 11> kSame = {{{"light", "lights", "lamp", "lamps"},
                                                        {"tv", "television", "telly"},
                                                        {"blind", "blinds", "shade", "shades"},
                                                        {"curtain", "curtains", "drapes"},
                                                        {"shutter", "shutters"},
                                                        {"vacuum", "hoover", "robot"},
                                                        {"plug", "outlet", "socket"},
                                                        {"fan", "fans", "ventilator"},
                                                        {"speaker", "speakers"},
                                                        {"switch", "switches"},
                                                        {"thermostat", "heating"}}};

struct KindWord {
  Word word, domain;
};
// What stands for any device of a kind. Those that are also verbs ("lock", "light") name little.
constexpr std::array kKindWords = {KindWord{"light", "light"},
                                   KindWord{"lights", "light"},
                                   KindWord{"lamp", "light"},
                                   KindWord{"lamps", "light"},
                                   KindWord{"plug", "switch"},
                                   KindWord{"outlet", "switch"},
                                   KindWord{"socket", "switch"},
                                   KindWord{"switch", "switch"},
                                   KindWord{"fan", "fan"},
                                   KindWord{"fans", "fan"},
                                   KindWord{"ventilator", "fan"},
                                   KindWord{"thermostat", "climate"},
                                   KindWord{"heating", "climate"},
                                   KindWord{"blind", "cover"},
                                   KindWord{"blinds", "cover"},
                                   KindWord{"curtain", "cover"},
                                   KindWord{"curtains", "cover"},
                                   KindWord{"shutter", "cover"},
                                   KindWord{"shutters", "cover"},
                                   KindWord{"shades", "cover"},
                                   KindWord{"lock", "lock"},
                                   KindWord{"door", "lock"},
                                   KindWord{"tv", "media_player"},
                                   KindWord{"television", "media_player"},
                                   KindWord{"telly", "media_player"},
                                   KindWord{"speaker", "media_player"},
                                   KindWord{"speakers", "media_player"},
                                   KindWord{"music", "media_player"},
                                   KindWord{"radio", "media_player"},
                                   KindWord{"stereo", "media_player"},
                                   KindWord{"player", "media_player"},
                                   KindWord{"timer", "timer"},
                                   KindWord{"vacuum", "vacuum"},
                                   KindWord{"robot", "vacuum"},
                                   KindWord{"hoover", "vacuum"}};

// Between the words of one naming: "the light in my kitchen".
constexpr std::array<Word, 9> kBetween = {"in",  "of", "at",  "by", "from",
                                          "the", "my", "our", "for"};

constexpr std::array<Word, 6> kOrdinals = {"first", "second", "third", "fourth", "fifth", "sixth"};

// Words of every day that are near to words of names.
constexpr std::array<Word, 9> kNoSlips = {"there", "three", "close", "where", "these",
                                          "those", "start", "still", "right"};

constexpr int kNameWord = 4, kKindWord = 2, kStandsFor = 1, kWholeName = 1;
constexpr std::ptrdiff_t kMostWords = 100;
constexpr size_t kLeastTypo = 5;  // shorter words are too often another word

bool is_kind_word(Word word) {
  return std::any_of(kKindWords.begin(), kKindWords.end(),
                     [&](const KindWord& kind) { return kind.word == word; });
}

bool stands_for(Word word, Word domain) {
  return std::any_of(kKindWords.begin(), kKindWords.end(), [&](const KindWord& kind) {
    return kind.word == word && kind.domain == domain;
  });
}

// One letter more, less or other, or two that changed places; not the first: "night", "light".
bool is_slip(Word a, Word b) {
  if (has_word(kNoSlips, a)) return false;
  if (a.size() > b.size()) std::swap(a, b);
  if (a.size() < kLeastTypo || b.size() - a.size() > 1 || a[0] != b[0]) return false;
  const auto at = std::mismatch(a.begin(), a.end(), b.begin());
  const auto i = static_cast<size_t>(at.first - a.begin());
  if (a.size() < b.size()) return a.substr(i) == b.substr(i + 1);
  if (i == a.size()) return true;
  if (a.substr(i + 1) == b.substr(i + 1)) return true;
  return i + 1 < a.size() && a[i] == b[i + 1] && a[i + 1] == b[i] &&
         a.substr(i + 2) == b.substr(i + 2);
}

bool is_same(Word said, Word b) {
  if (said == b || (!is_kind_word(said) && is_slip(said, b))) return true;
  return std::any_of(kSame.begin(), kSame.end(),
                     [&](const auto& set) { return has_word(set, said) && has_word(set, b); });
}

bool is_number(Word word) { return std::isdigit(static_cast<unsigned char>(word[0])) != 0; }

bool has_device(const Devices& devices, const Device& device) {
  return std::find(devices.begin(), devices.end(), &device) != devices.end();
}

// A run of words [begin, end) that may mean a device.
struct Run {
  size_t begin, end;
  int says;  // how much of the name
  bool is_sure;
  bool is_whole;  // and to the letter
  const Device* device;
};

// What a said word says of a name.
struct Taken {
  int says = 0;
  size_t word = 0;  // of the name; the number of its words where it stands for the kind
};

// taken: the words of the name that were said before, and whether one stood for the kind.
Taken take(Word said, const Words& name, const std::vector<bool>& taken, Word domain) {
  Taken found = {0, name.size()};
  for (size_t i = 0; i < name.size(); ++i) {
    if (taken[i] || !is_same(said, name[i])) continue;
    // Another word for it says a little less.
    const int says = (is_kind_word(name[i]) ? kKindWord : kNameWord) - (said == name[i] ? 0 : 1);
    if (says > found.says) found = {says, i};
  }
  if (found.says == 0 && !taken[name.size()] && stands_for(said, domain)) found.says = kStandsFor;
  return found;
}

// The longest run from a word on.
Run run_from(const Words& said, size_t begin, const Device& device, const Words& name) {
  std::vector<bool> taken(name.size() + 1);
  Run run = {begin, begin, 0, false, false, &device};
  bool only_numbers = true, only_kind = true, is_exact = true;
  for (size_t i = begin; i < said.size(); ++i) {
    const Taken one = take(said[i], name, taken, domain_of(device.id));
    if (one.says == 0 && (run.says == 0 || !has_word(kBetween, said[i]))) break;
    if (one.says == 0) continue;
    taken[one.word] = true;
    run.says += one.says;
    run.end = i + 1;
    only_numbers = only_numbers && is_number(said[i]);
    only_kind = only_kind && (one.word == name.size() || is_kind_word(name[one.word]));
    is_exact = is_exact && one.word < name.size() && said[i] == name[one.word];
  }
  if (only_numbers) run.says = 0;
  const bool is_whole = std::all_of(taken.begin(), taken.end() - 1, [](bool is) { return is; });
  run.is_whole = is_whole && is_exact && run.says > 0;
  if (run.is_whole) run.says += kWholeName;
  // "temperature" is no thermometer's name alone.
  const bool is_sensor = domain_of(device.id).ends_with("sensor");
  const bool ends_it = !is_sensor && !only_kind && (taken[name.size() - 1] || taken[name.size()]);
  // "in the bedroom" is a place, even where a light is called Bedroom.
  const auto is_before = [&](size_t back, Word word) {
    return begin >= back && said[begin - back] == word;
  };
  const bool is_place =
      name.size() == 1 && (is_before(1, "in") || (is_before(2, "in") && is_before(1, "the")));
  run.is_sure = run.says > 0 && !is_place && (ends_it || (is_whole && name.size() > 1));
  return run;
}

std::vector<Run> runs_of(const Device& device, const Words& said) {
  const Words name = plain_words(device.name);
  std::vector<Run> runs;
  for (size_t i = 0; i < said.size() && !name.empty();) {
    const Run run = run_from(said, i, device, name);
    i = std::max(run.end, i + 1);
    if (run.says > 0) runs.push_back(run);
  }
  return runs;
}

}  // namespace

Named named_in(const House& house, std::string_view said) {
  Words words = plain_words(said);
  // Runs are compared with each other: of a long text only the end counts.
  if (std::ssize(words) > kMostWords) words.erase(words.begin(), words.end() - kMostWords);
  std::vector<Run> runs;
  for (const Device& device : house.devices) {
    for (const Run& run : runs_of(device, words)) runs.push_back(run);
  }
  const auto is_outdone = [&](const Run& run) {
    return std::any_of(runs.begin(), runs.end(), [&](const Run& other) {
      return other.begin < run.end && run.begin < other.end && other.says > run.says;
    });
  };
  std::vector<Run> best;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(best), std::not_fn(is_outdone));
  Named named;
  std::vector<bool> sure;  // of the equals
  const Run* last = nullptr;
  for (const Run& run : best) {
    named.is_sure = named.is_sure || run.is_sure;
    named.is_whole = named.is_whole || run.is_whole;
    if (has_device(named.devices, *run.device)) continue;
    named.devices.push_back(run.device);
    // The first of a run's devices has found them all.
    if (last != nullptr && last->begin == run.begin && last->end == run.end) continue;
    last = &run;
    Devices equal;
    for (const Run& other : best) {
      const bool is_equal = other.begin == run.begin && other.end == run.end;
      if (is_equal && !has_device(equal, *other.device)) equal.push_back(other.device);
    }
    if (equal.size() < 2 || equal.front() != run.device) continue;
    named.equals.push_back(std::move(equal));
    sure.push_back(run.is_sure);
  }
  // Where names are said, "switch" and "light" alone may as well be verbs.
  for (size_t i = sure.size(); named.is_sure && i-- > 0;) {
    if (!sure[i]) named.equals.erase(named.equals.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return named;
}

bool may_mean(const Named& named, const Device& device) {
  if (named.devices.empty() || has_device(named.devices, device)) return true;
  if (named.is_sure) return false;
  return std::none_of(named.devices.begin(), named.devices.end(), [&](const Device* other) {
    return domain_of(other->id) == domain_of(device.id);
  });
}

Named meant_in(const House& house, const Asked& asked) {
  Named named = named_in(house, asked.last);
  if (asked.is_first || asked.answered.empty()) return named;
  Devices before;
  for (const Sentence& sentence : sentences_of(house, asked.answered)) {
    for (const Mention& mention : sentence.mentions) {
      before.insert(before.end(), mention.devices.begin(), mention.devices.end());
    }
  }
  const Words words = plain_words(asked.last);
  if (asked.answered.ends_with('?')) {
    Devices chosen;
    for (size_t i = 0; i < std::min(before.size(), kOrdinals.size()); ++i) {
      const bool is_last = i + 1 == before.size() && has_word(words, "last");
      if (is_last || has_word(words, kOrdinals[i])) chosen.push_back(before[i]);
    }
    if (!chosen.empty()) return {.devices = chosen, .is_sure = true};
    // "the kitchen one": of those that were asked about.
    for (const Device* device : named.devices) {
      if (has_device(before, *device)) chosen.push_back(device);
    }
    if (!chosen.empty()) return {.devices = chosen, .is_sure = true};
  }
  const bool wants_others =
      has_word(words, "other") || has_word(words, "others") || has_word(words, "rest");
  if (wants_others && named.devices.empty()) return named;
  if (named.devices.empty()) named.devices = before;
  return named;
}

bool says_word(std::string_view said, std::string_view word) {
  return has_word(plain_words(said), word);
}

bool says_words(std::string_view said, std::string_view text) {
  const Words words = plain_words(said), wanted = plain_words(text);
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
    return std::any_of(words.begin(), words.end(), [&](Word one) { return is_same(one, word); });
  });
}

}  // namespace cria::house
