#include "house/words.h"

#include <cctype>

namespace cria::house {

std::vector<std::string> plain_words(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '\'') continue;
    const bool is_part = std::isalnum(u) != 0 || u >= 0x80;
    if (is_part && !inside) words.emplace_back();
    if (is_part) words.back() += static_cast<char>(std::tolower(u));
    inside = is_part;
  }
  return words;
}

bool says_phrase(std::string_view said, std::string_view phrase) {
  const std::vector<std::string> words = plain_words(said), wanted = plain_words(phrase);
  return std::search(words.begin(), words.end(), wanted.begin(), wanted.end()) != words.end();
}

}  // namespace cria::house
