// Verdicts counted per group, and the table that they make.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "test_case.h"
#include "verdict.h"

namespace cria::score {

// A share: n_right of n.
struct Share {
  int n = 0;
  int n_right = 0;

  void add(bool right) {
    ++n;
    n_right += right ? 1 : 0;
  }
};

struct Interval {
  double least, most;
};
// Of the true share, with 95 % confidence. Source: Wilson 1927. Requires: share.n > 0.
Interval wilson(const Share& share);

struct Tally {
  Share right;      // of all cases
  Share calls;      // calls exactly right, of the cases that expect calls
  Share json;       // blocks that parse, of the replies with a block
  Share state;      // cases right, of the category state
  Share refusals;   // cases right, of absent, no_service and out_of_scope
  Share ask_backs;  // cases right, of ask_back
  int64_t n_generated = 0;
  double generate_seconds = 0;  // of one session

  void add(const TestCase& test, const Verdict& verdict, int n_tokens, double seconds);
  double tokens_per_second() const;
};

// Tallies of the axes, of the categories, and of all.
struct Score {
  std::map<std::string, Tally> axes;
  std::map<std::string, Tally> categories;
  Tally all;

  void add(const TestCase& test, const Verdict& verdict, int n_tokens, double seconds);
};

std::string score_table(const Score& score);
std::string score_json(const Score& score);

}  // namespace cria::score
