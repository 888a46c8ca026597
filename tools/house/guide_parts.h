// The parts of guide().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cria/session.h"
#include "house/house.h"

namespace cria::house {

// What may follow the words, with no block yet.
Continuations next_words(const House& house, std::string_view asked, std::string_view words);
// The values that a sentence may set a device to, in words: "40%", "21C", "blue", "00:05:00".
// device is null for a group of lights. Empty: anything.
std::vector<std::string> values_for(const House& house, std::string_view asked,
                                    std::string_view sentence, const Device* device);
// What may follow what stands in the block after its label.
Continuations next_call(const House& house, std::string_view words, std::string_view block);

}  // namespace cria::house
