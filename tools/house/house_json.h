// A house as a JSON file: {"services": ["light.turn_on(brightness,rgb_color)", ...], "devices":
// [{"id": "light.kitchen", "name": "Kitchen Light", "state": "on;80%;red"}, ...]}. A device that is
// off may have "last_on": the state that it comes back with, which its row does not show.
#pragma once

#include <string>
#include <string_view>

#include "cria/status.h"
#include "house/house.h"

namespace cria::house {

// Foreign text: sizes and forms are checked, so that nothing in it can forge a row of the system
// message or an escape sequence. Fields of other names are ignored.
// Errors: corrupt, naming source, field, what was found and what would be right.
Result<House> read_house(std::string_view json, const std::string& source);

// Errors: as read_house; not_found, io_error. Reads no more than the largest house that is allowed.
Result<House> load_house(const std::string& path);

// The house with the states of now, as read_house takes it: the JSON that it was read from, with
// all fields that are not known here, and the states changed. Requires: its list of devices is as
// it was read.
std::string house_json(const House& house);

}  // namespace cria::house
