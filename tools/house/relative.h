// Which way and how far people wish things to go: "a bit warmer", "not so loud", "way too bright".
#pragma once

#include <optional>
#include <string_view>

namespace cria::house {

// 1: more of it, -1: less; 0 where the words do not say, or say both. "closed" and "open" count for
// covers only, and what is felt ("I'm cold") for climate devices.
int direction_in(std::string_view said, std::string_view domain);

enum class Step { small, usual, big };
// nullopt where the words name no size, or both.
std::optional<Step> step_in(std::string_view said);

}  // namespace cria::house
