// The house of a chat with Al: shown to the model before each reply, changed by what it replies.
#pragma once

#include <string>
#include <utility>

#include "cria/session.h"
#include "house/house.h"
#include "house/reply.h"

namespace cria::cli {

// The house in the file, or the demo house for "". Errors: as house::load_house; not_found where
// the demo house is not there.
Result<house::House> open_house(const std::string& path);

// Why calls were not done, on standard error.
void report_refusals(const house::Outcome& outcome);

class Home {
 public:
  explicit Home(const house::House& house) : states_{house, house} {}

  const house::House& house() const { return states_.now; }

  // Call before each reply; gives the system message for it. again: the reply takes the place of
  // the last one, so the house is put back to what it was before that.
  std::string begin_reply(bool again);
  // on_piece for the words only, without the block of calls. Requires: this outlives the reply.
  PieceCallback words_only(PieceCallback on_piece);
  // The reply is there: passes the last of its words to on_piece and gives all of it.
  house::Reply end_reply(const PieceCallback& on_piece);
  // Does what reply calls for, and says on standard error what changed, a line each, and what could
  // not be done.
  void obey(const house::Reply& reply);
  // There is no reply: the house is as it was at begin_reply.
  void abandon_reply() { states_ = at_begin_; }

 private:
  struct States {
    house::House now;
    house::House before;  // the last reply
  };

  States states_;
  States at_begin_;
  house::ReplySplitter splitter_;
};

}  // namespace cria::cli
