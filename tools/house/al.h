// How the program knows Al, the model that is made for houses.
#pragma once

#include "cria/model.h"

namespace cria::house {

// True for a model that calls itself Al and has the symbols that Al's turns begin and end with.
bool is_al(const Model& model);

}  // namespace cria::house
