// What people say, as single words.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace cria::house {

// Letters and digits, in lower case where they are ASCII; apostrophes are left out: "Ben's 2" is
// "bens", "2".
std::vector<std::string> plain_words(std::string_view text);

// Whether the words of a phrase stand there one after the other: "red" is not in "reduce".
bool says_phrase(std::string_view said, std::string_view phrase);

template <typename List>
bool has_word(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace cria::house
