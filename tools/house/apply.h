// What calls do to the states of a simulated house, at once: nothing in it takes time.
#pragma once

#include <string>

#include "house/call.h"
#include "house/house.h"

namespace cria::house {

struct Change {
  std::string device;         // its name
  std::string before, after;  // states as rows show them; equal where nothing shows
};

// Changes the state of the call's device as models/al/TASK.md's table of states says. Parts that
// the call does not name stay, also those that a device does not show while it is off; a setting
// that is made on a device that is off turns it on. A service that is not known here changes
// nothing. Requires: check_call(house, call).ok().
Change apply_call(House& house, const Call& call);

// "Kitchen Light: off -> on;40%".
std::string change_text(const Change& change);

}  // namespace cria::house
