#include "house/spoken.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <optional>

namespace cria::house {
namespace {

constexpr std::array<std::string_view, 20> kOnes = {
    "zero",     "one",     "two",     "three",     "four",     "five",    "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 8> kTens = {"twenty", "thirty",  "forty",  "fifty",
                                                   "sixty",  "seventy", "eighty", "ninety"};
constexpr std::array<std::string_view, 17> kShares = {
    "max",       "maximum", "full",    "fully",      "min",     "minimum",
    "half",      "halfway", "quarter", "quarters",   "all",     "highest",
    "brightest", "lowest",  "dimmest", "completely", "possible"};

using Words = std::vector<std::string>;

// Runs of letters, and of digits with a point inside, in lower case: "21.5C" is two.
Words words_of(std::string_view text) {
  Words words;
  const auto kind_of = [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return std::isdigit(u) != 0 ? 1 : std::isalpha(u) != 0 ? 2 : 0;
  };
  int last = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_point =
        text[i] == '.' && last == 1 && i + 1 < text.size() && kind_of(text[i + 1]) == 1;
    const int kind = is_point ? 1 : kind_of(text[i]);
    if (kind != 0) {
      if (kind != last) words.emplace_back();
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
    }
    last = kind;
  }
  return words;
}

template <typename List>
std::optional<int> find(const List& list, std::string_view word) {
  const auto at = std::find(list.begin(), list.end(), word);
  if (at == list.end()) return std::nullopt;
  return static_cast<int>(at - list.begin());
}

bool is_at(const Words& words, size_t i, std::initializer_list<std::string_view> wanted) {
  for (const std::string_view word : wanted) {
    if (i >= words.size() || words[i++] != word) return false;
  }
  return true;
}

struct Number {
  double value;
  size_t end;  // the word after it
};

std::optional<Number> number_at(const Words& words, size_t i) {
  if (i >= words.size()) return std::nullopt;
  const std::string& word = words[i];
  if (std::isdigit(static_cast<unsigned char>(word[0])) != 0) {
    if (word.size() > 9) return std::nullopt;
    return Number{std::strtod(word.c_str(), nullptr), i + 1};
  }
  if (is_at(words, i, {"a", "hundred"})) return Number{100, i + 2};
  if (const auto tens = find(kTens, word)) {
    const auto ones = i + 1 < words.size() ? find(kOnes, words[i + 1]) : std::nullopt;
    const bool both = ones && *ones > 0 && *ones < 10;
    return Number{20.0 + 10 * *tens + (both ? *ones : 0), i + (both ? 2 : 1)};
  }
  const auto ones = find(kOnes, word);
  if (!ones) return std::nullopt;
  if (*ones == 1 && is_at(words, i + 1, {"hundred"})) return Number{100, i + 2};
  return Number{static_cast<double>(*ones), i + 1};
}

std::optional<Number> with_half(const Words& words, std::optional<Number> number) {
  if (number && is_at(words, number->end, {"and", "a", "half"})) {
    return Number{number->value + 0.5, number->end + 3};
  }
  return number;
}

// Seconds of a unit; nothing for other words.
std::optional<int> unit_seconds(const Words& words, size_t i) {
  if (i >= words.size()) return std::nullopt;
  std::string_view word = words[i];
  if (word.size() > 1 && word.ends_with('s')) word.remove_suffix(1);
  if (word == "hour" || word == "hr" || word == "h") return 3600;
  if (word == "minute" || word == "min" || word == "m") return 60;
  if (word == "second" || word == "sec" || word == "s") return 1;
  return std::nullopt;
}

// "ten minutes", "half an hour", "an hour and a half"; value in seconds.
std::optional<Number> duration_at(const Words& words, size_t i) {
  std::optional<Number> count;
  if (is_at(words, i, {"half", "a"}) || is_at(words, i, {"half", "an"})) {
    count = Number{0.5, i + 2};
  } else if (is_at(words, i, {"three", "quarters", "of", "an"})) {
    count = Number{0.75, i + 4};
  } else if (is_at(words, i, {"quarter", "of", "an"})) {
    count = Number{0.25, i + 3};
  } else if (is_at(words, i, {"a"}) || is_at(words, i, {"an"})) {
    count = Number{1, i + 1};
  } else {
    count = with_half(words, number_at(words, i));
  }
  if (!count) return std::nullopt;
  const auto unit = unit_seconds(words, count->end);
  if (!unit) return std::nullopt;
  const std::optional<Number> whole = with_half(words, Number{count->value, count->end + 1});
  return Number{whole->value * *unit, whole->end};
}

template <typename T>
void add_new(std::vector<T>& list, T value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

void add_duration(std::vector<std::string>& list, double seconds) {
  const auto n = static_cast<long>(seconds);
  if (n <= 0 || n >= 100L * 3600) return;
  char text[32];
  std::snprintf(text, sizeof text, "%02ld:%02ld:%02ld", n / 3600, n / 60 % 60, n % 60);
  add_new(list, std::string(text));
}

}  // namespace

std::vector<double> numbers_in(std::string_view text) {
  const Words words = words_of(text);
  std::vector<double> numbers;
  for (size_t i = 0; i < words.size();) {
    const auto number = number_at(words, i);
    if (number) {
      add_new(numbers, number->value);
      add_new(numbers, with_half(words, number)->value);
    }
    i = number ? number->end : i + 1;
  }
  return numbers;
}

std::string number_word(int number) {
  if (number < static_cast<int>(kOnes.size()))
    return std::string(kOnes[static_cast<size_t>(number)]);
  std::string word(kTens[static_cast<size_t>(number / 10 - 2)]);
  if (number % 10 != 0) word += " " + std::string(kOnes[static_cast<size_t>(number % 10)]);
  return word;
}

std::vector<std::string> durations_in(std::string_view text) {
  const Words words = words_of(text);
  std::vector<std::string> durations;
  double sum = 0;
  for (size_t i = 0; i < words.size();) {
    const auto part = duration_at(words, i);
    if (part) {
      sum += part->value;
      i = part->end;
      continue;
    }
    const bool goes_on = words[i] == "and" && duration_at(words, i + 1);
    if (!goes_on) {
      add_duration(durations, sum);
      sum = 0;
    }
    ++i;
  }
  add_duration(durations, sum);
  return durations;
}

bool says_share(std::string_view text) {
  const Words words = words_of(text);
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return find(kShares, word).has_value(); });
}

}  // namespace cria::house
