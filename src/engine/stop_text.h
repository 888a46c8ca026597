// Stop texts that may span tokens: holds back what could still become one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cria::engine {

// Thread compatible.
class StopText {
 public:
  explicit StopText(std::vector<std::string> stops);

  // Adds text; appends to out what can be shown for certain. True once a stop text is complete:
  // what stood before it has been shown, the rest is dropped, and the object is finished.
  bool push(std::string_view text, std::string& out);
  // The end without a stop: appends what was held back.
  void finish(std::string& out);

 private:
  std::vector<std::string> stops_;
  std::string held_;
};

}  // namespace cria::engine
