#include "home.h"

#include "house/house_json.h"
#include "output.h"
#include "printable.h"
#include "shipped_file.h"
#include "terminal.h"

namespace cria::cli {

Result<house::House> open_house(const std::string& path) {
  if (!path.empty()) return house::load_house(path);
  const Result<std::string> demo = find_shipped(kDemoHouse);
  if (!demo.ok()) {
    return Status(demo.status().code(), demo.status().message() + "; name one with --house FILE");
  }
  return house::load_house(*demo);
}

void report_refusals(const house::Outcome& outcome) {
  for (const std::string& reason : outcome.refused) complain("a call was not done: " + reason);
}

std::string Home::begin_reply(bool again) {
  at_begin_ = states_;
  if (again) {
    states_.now = states_.before;
  } else {
    states_.before = states_.now;
  }
  splitter_ = {};
  return house::system_message(states_.now);
}

PieceCallback Home::words_only(PieceCallback on_piece) {
  return [this, on_piece = std::move(on_piece)](std::string_view piece) {
    const std::string words = splitter_.feed(piece);
    return words.empty() ? Continue::yes : on_piece(words);
  };
}

house::Reply Home::end_reply(const PieceCallback& on_piece) {
  const std::string rest = splitter_.finish();
  if (!rest.empty()) on_piece(rest);
  return house::reply_of(splitter_);
}

void Home::obey(const house::Reply& reply) {
  const house::Outcome outcome = house::obey(states_.now, reply);
  for (const house::Change& change : outcome.changes) {
    write_error_text(dimmed("  " + printable(house::change_text(change))) + "\n");
  }
  report_refusals(outcome);
}

}  // namespace cria::cli
