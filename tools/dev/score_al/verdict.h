// Whether a reply is what a test case expects.
#pragma once

#include <string>
#include <string_view>

#include "test_case.h"

namespace cria::score {

// Whether text occurs in words, in any case of its (ASCII) letters, on its own: a letter at its
// edge has no letter or digit as its neighbour, and a number at its edge is the whole number ("21"
// is not in "21.5C", "21.5" is).
bool occurs(std::string_view words, std::string_view text);

struct Verdict {
  bool has_block = false;     // a block of calls, whole or not
  bool block_parses = false;  // no block at all, or one that is whole and each line a call
  bool calls_right =
      false;  // the calls expected, in any order, and no others; a block for them only
  bool words_right = false;  // there are words; says, says_any and says_not
  std::string reason;        // what is wrong first; "" where nothing is

  bool right() const { return calls_right && words_right; }
};

Verdict judge(const TestCase& test, std::string_view reply);

}  // namespace cria::score
