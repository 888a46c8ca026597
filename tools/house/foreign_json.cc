#include "house/foreign_json.h"

#include <algorithm>
#include <set>
#include <vector>

namespace cria::house {
namespace {

using Json = nlohmann::ordered_json;

// Of the library's message: it may quote a token of any length.
constexpr size_t kMaxReasonBytes = 160;

// Watches the parser, which asks it about each value as it begins and ends.
class Watcher {
 public:
  // False: the value is left out.
  bool accept(int depth, Json::parse_event_t event, const Json& parsed) {
    const bool begins =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (begins && depth >= kMaxJsonDepth) {
      wrong_ = "is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels";
    }
    if (!wrong_.empty()) return false;
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key) add_key(parsed.get_ref<const std::string&>());
    return wrong_.empty();
  }
  const std::string& wrong() const { return wrong_; }

 private:
  void add_key(const std::string& key) {
    if (keys_.back().insert(key).second) return;
    wrong_ = "has the key \"" + key.substr(0, kMaxReasonBytes) + "\" twice in an object";
  }

  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  std::string wrong_;
};

// "[json.exception.parse_error.101] parse error at line 3, column 5: ..." from "line" on.
std::string reason_of(const Json::exception& error) {
  const std::string text = error.what();
  constexpr std::string_view kPlace = "parse error at ";
  const size_t place = text.find(kPlace);
  const size_t begin = place == std::string::npos ? text.find("] ") + 2 : place + kPlace.size();
  const size_t n_bytes = std::min(text.size() - begin, kMaxReasonBytes);
  return text.substr(begin, n_bytes) + (begin + n_bytes < text.size() ? "..." : "");
}

}  // namespace

Result<Json> parse_foreign_json(std::string_view text) {
  Watcher watcher;
  const auto corrupt = [](const std::string& reason) {
    return Status(StatusCode::corrupt, reason);
  };
  try {
    Json value = Json::parse(text.begin(), text.end(),
                             [&](int depth, Json::parse_event_t event, const Json& parsed) {
                               return watcher.accept(depth, event, parsed);
                             });
    if (!watcher.wrong().empty()) return corrupt(watcher.wrong());
    return value;
  } catch (const Json::exception& error) {  // the library has no other way to tell the place
    if (!watcher.wrong().empty()) return corrupt(watcher.wrong());
    return corrupt("is no JSON: " + reason_of(error));
  }
}

}  // namespace cria::house
