// Which devices a person's words name.
#pragma once

#include <string_view>
#include <vector>

#include "house/guide.h"
#include "house/house.h"
#include "house/sentences.h"

namespace cria::house {

struct Named {
  Devices devices;  // in the house's order
  // Whether a whole name was said, or what it ends with and no word for a kind alone ("the
  // boombox", "kitchen light", not "the light"): no other device is meant then.
  bool is_sure = false;
  // Whether a whole name was said to the letter.
  bool is_whole = false;
  // Those that the same words say equally much of, two or more.
  std::vector<Devices> equals = {};
};

// Words next to each other that are words of one device's name, with a slip of the finger or
// another word for the same thing ("lamp", "light"), or that stand for its kind; "the light in the
// kitchen" too. Where such runs of several devices share words, that which says most of a name
// counts. Of more than 100 words the last ones. Empty where they name nothing: "it's dark in here".
Named named_in(const House& house, std::string_view said);

// Those that the last message means: what it names or, where that is nothing, what the reply before
// it was about: "turn it off again"; "the second one" of those that were asked about.
Named meant_in(const House& house, const Asked& asked);

// Whether a device may be meant where some are named: it is one of them or, where none is sure,
// none of them is of its kind: "it's cold in the kitchen" may be of any thermostat.
bool may_mean(const Named& named, const Device& device);

// Whether the word stands there.
bool says_word(std::string_view said, std::string_view word);
// Whether all words of the text are said, in any order; with slips and other words for the same.
bool says_words(std::string_view said, std::string_view text);

}  // namespace cria::house
