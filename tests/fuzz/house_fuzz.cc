#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "house/guide.h"
#include "house/house_json.h"
#include "house/reply.h"

using cria::house::House;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// In one piece and byte by byte: the same words and the same calls.
void check_pieces(std::string_view text, const cria::house::Reply& whole) {
  cria::house::ReplySplitter splitter;
  std::string says;
  for (const char c : text) says += splitter.feed({&c, 1});
  says += splitter.finish();
  require(says == whole.says && says == splitter.says() && splitter.lines() == whole.lines);
}

}  // namespace

// A house on the first line, and a reply about it on the lines after that.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t n_first = std::min(input.find('\n'), input.size());
  const std::string_view text = input.substr(std::min(n_first + 1, input.size()));
  const cria::house::Reply reply = cria::house::split_reply(text);
  check_pieces(text, reply);
  static_cast<void>(cria::house::parse_calls(reply).ok());
  cria::Result<House> house = cria::house::read_house(input.substr(0, n_first), "house");
  if (!house.ok()) return 0;
  // What may follow a text is never nothing at all.
  const std::string said(text);
  for (const cria::house::Asked& asked :
       {cria::house::Asked{.all = said, .last = said, .answered = "", .is_first = true},
        cria::house::Asked{.all = said, .last = said, .answered = said, .is_first = false}}) {
    for (const std::string_view words : {text, std::string_view()}) {
      const cria::Continuations next = cria::house::guide(*house, asked, words);
      require(!next || !next->empty());
    }
  }
  cria::house::obey(*house, reply);
  // Whatever was done to it, it is a house still, and has a row for each device and no more.
  const auto again = cria::house::read_house(cria::house::house_json(*house), "again");
  require(again.ok());
  const std::string message = cria::house::system_message(*again);
  require(message == cria::house::system_message(*house));
  const auto n_lines = std::count(message.begin(), message.end(), '\n');
  require(static_cast<size_t>(n_lines) == 2 + house->devices.size());
  return 0;
}
