// What a house leaves Al to say: so that it names devices that are there, tells states as they are,
// and calls for what it says, no more and no less. What was meant, it has to find out by itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cria/session.h"
#include "house/house.h"

namespace cria::house {

// For GenerateOptions::continuations. asked: what the user has said, all of it. Knows the sentences
// of models/al/TASK.md; where a reply has others, anything may follow.
//   words  after "the", where a device is named: one that there is, and no sensor where something
//          is done; after the name and "is": its state, or the value that a relative wish starts
//          from; for values that are set: what was asked for, or a step from what is
//   calls  the devices that the words name, each with a service that the words say, where the house
//          has it; no block where none can be called for; where nothing is named, any device, none
//          twice; the block ends when all that the words say is done has its call
Continuations guide(const House& house, std::string_view asked, std::string_view reply);

// The user's messages, a line each.
std::string asked_in(const std::vector<ChatMessage>& messages);

}  // namespace cria::house
