// Al's reply taken apart: what it says, and the lines of calls between ```homeassistant and ```.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"
#include "house/apply.h"
#include "house/call.h"
#include "house/house.h"

namespace cria::house {

// Takes a reply apart while it comes in, in pieces of any size. A fence is a line that starts with
// three backticks.
class ReplySplitter {
 public:
  // What of the words is certain by now to be no fence; joined, the pieces give says().
  std::string feed(std::string_view piece);
  // Call at the end of the reply: the rest of the words.
  std::string finish();

  const std::string& says() const { return says_; }
  // Lines of the block that are not blank.
  const std::vector<std::string>& lines() const { return lines_; }
  bool has_block() const { return n_blocks_ > 0; }
  // Why nothing that stands in the block may be done: it is cut off, has another label, or is one
  // of several. "" where it is whole, or where there is none.
  std::string block_problem() const;

 private:
  enum class Place { words, label, block };
  void take(char c);
  void end_line();

  Place place_ = Place::words;
  std::string held_;  // a newline and backticks that may become a fence; or the line begun
  bool at_start_ = true;
  int n_blocks_ = 0;
  bool is_labelled_ = true;
  std::string says_;
  std::vector<std::string> lines_;
};

struct Reply {
  std::string says;
  std::vector<std::string> lines;
  bool has_block = false;
  std::string block_problem;  // as ReplySplitter says
};

// What splitter has got. Requires: splitter.finish() was called.
Reply reply_of(const ReplySplitter& splitter);

Reply split_reply(std::string_view text);

// All calls of the reply; none where it has no block. Errors: invalid_argument where the block has
// a problem or a line is no call.
Result<std::vector<Call>> parse_calls(const Reply& reply);

// What became of a reply's calls.
struct Outcome {
  std::vector<Call> calls;           // done, arguments in the order of the services
  std::vector<Change> changes;       // one for each of them
  std::vector<std::string> refused;  // for each other line why it was not done, and what was said
                                     // to be done and cannot be
};

// Does what the lines of a reply call for, those that the house can do; nothing where the block has
// a problem.
Outcome obey(House& house, const Reply& reply);

}  // namespace cria::house
