// The numbers and times that people say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cria::house {

// In any order, without repetition: "62 %", "21.5", "seventy-four", "a hundred", "nineteen and a
// half".
std::vector<double> numbers_in(std::string_view text);

// "seven", "twenty one"; of 0 to 99.
std::string number_word(int number);

// As "HH:MM:SS": "ten minutes", "1 hour 20", "an hour and a half", "half an hour", "90 sec"; parts
// that follow each other are one.
std::vector<std::string> durations_in(std::string_view text);

// Whether it speaks of all, half, a quarter or as little as can be, without a number.
bool says_share(std::string_view text);

}  // namespace cria::house
