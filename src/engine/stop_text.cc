#include "engine/stop_text.h"

#include <algorithm>

namespace cria::engine {

StopText::StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase_if(stops_, [](const std::string& stop) { return stop.empty(); });
}

bool StopText::push(std::string_view text, std::string& out) {
  held_ += text;
  size_t first = std::string::npos;
  for (const std::string& stop : stops_) first = std::min(first, held_.find(stop));
  if (first != std::string::npos) {
    out.append(held_, 0, first);
    held_.clear();
    return true;
  }
  // The longest end of the text that begins some stop text may still become one.
  size_t n_keep = 0;
  for (const std::string& stop : stops_) {
    for (size_t n = std::min(stop.size() - 1, held_.size()); n > n_keep; --n) {
      if (held_.ends_with(std::string_view(stop).substr(0, n))) n_keep = n;
    }
  }
  out.append(held_, 0, held_.size() - n_keep);
  held_.erase(0, held_.size() - n_keep);
  return false;
}

void StopText::finish(std::string& out) {
  out += held_;
  held_.clear();
}

}  // namespace cria::engine
