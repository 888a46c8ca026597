// What a house leaves Al to say: so that it names devices that are there, tells states as they are,
// and calls for what it says, no more and no less. What was meant, it has to find out by itself.
#pragma once

#include <string_view>

#include "cria/session.h"
#include "house/house.h"

namespace cria::house {

// For GenerateOptions::continuations. Knows the sentences of models/al/TASK.md; where a reply has
// others, anything may follow.
//   words  after "the", where a device is to be named: the devices that can do what the sentence
//   says;
//          after the name and "is": its state, or the value that a relative wish starts from
//   calls  the devices that the words name, each with a service that the words say, where the house
//          has it, and no block where it has none; without names any device; none twice; the block
//          ends when all have their call
Continuations guide(const House& house, std::string_view reply);

}  // namespace cria::house
