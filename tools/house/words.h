// What people say, as single words.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace cria::house {

// Letters and digits in lower case; apostrophes are left out: "Ben's 2" is "bens", "2".
std::vector<std::string> plain_words(std::string_view text);

template <typename List>
bool has_word(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace cria::house
