// JSON from outside: files, and what a model wrote.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cria/status.h"

namespace cria::house {

// Copies and dumps of a value recurse into it, so its depth is bounded here.
inline constexpr int kMaxJsonDepth = 16;

// One value, its keys in their order. Errors: corrupt with line and column of what is no JSON; more
// than kMaxJsonDepth lists and objects within each other; a key that an object has twice.
Result<nlohmann::ordered_json> parse_foreign_json(std::string_view text);

}  // namespace cria::house
