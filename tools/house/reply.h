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
  bool has_block() const { return has_block_; }
  // The block has the right label and its closing fence.
  bool is_whole() const { return has_block_ && is_labelled_ && place_ == Place::words; }

 private:
  enum class Place { words, label, block };
  void take(char c);
  void end_line();

  Place place_ = Place::words;
  std::string held_;  // a newline and backticks that may become a fence; or the line begun
  bool at_start_ = true;
  bool has_block_ = false;
  bool is_labelled_ = true;
  std::string says_;
  std::vector<std::string> lines_;
};

struct Reply {
  std::string says;
  std::vector<std::string> lines;
  bool has_block = false;
  bool is_whole = false;
};

Reply split_reply(std::string_view text);

// All calls of the reply; none where it has no block. Errors: invalid_argument where the block is
// cut off or a line is no call.
Result<std::vector<Call>> parse_calls(const Reply& reply);

// What became of a reply's calls.
struct Outcome {
  std::vector<Call> calls;           // done, arguments in the order of the services
  std::vector<Change> changes;       // one for each of them
  std::vector<std::string> refused;  // for each other line why it was not done
};

// Does what the lines of a reply call for, those that the house can do.
Outcome obey(House& house, const std::vector<std::string>& lines);

}  // namespace cria::house
