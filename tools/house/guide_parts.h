// The two halves of guide().
#pragma once

#include <string_view>

#include "cria/session.h"
#include "house/house.h"

namespace cria::house {

// What may follow the words, with no block yet.
Continuations next_words(const House& house, std::string_view words);
// What may follow what stands in the block after its label.
Continuations next_call(const House& house, std::string_view words, std::string_view block);

}  // namespace cria::house
