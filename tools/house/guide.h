// What a house leaves Al to say: so that it names devices that are there, those that were named,
// tells states as they are, and calls for what it says, no more and no less. What is to be done, it
// has to find out by itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cria/session.h"
#include "house/house.h"

namespace cria::house {

// What the user has said, and Al before it.
struct Asked {
  std::string all;       // all messages of the user, a line each
  std::string last;      // the last one
  std::string answered;  // the reply before it, in words
  bool is_first = true;  // whether there is no other
};
Asked asked_in(const std::vector<ChatMessage>& messages);

// For GenerateOptions::continuations. Knows the sentences of models/al/TASK.md; once a reply has
// begun with small talk, anything may follow.
//   begin  with an action that the house has a service for, where no one of several devices was
//          meant and the opposite was not said; with counts that are right, refusals that have a
//          reason, small talk where no device was named
//   words  after "the", where a device is named: one that may be meant (named.h), and one with
//          which it can be done; after the name and "is": its state, or the value that a relative
//          wish starts from; all that a question asks back for; counts as they are; for values that
//          are set: what was asked for, or a step from what is, that way and that far (relative.h)
//   calls  the devices that the words name, each with a service that the words say, where the house
//          has it; no block where none can be called for; where nothing is named, any device, none
//          twice; the block ends when all that the words say is done has its call
Continuations guide(const House& house, const Asked& asked, std::string_view reply);

}  // namespace cria::house
