#include "size_list.h"

#include "flag_parsing.h"
#include "numbers.h"

namespace cria::cli {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (true) {
    const size_t end = text.find(at, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

int64_t checked_size(const std::string& flags, const std::string& text, int64_t least) {
  const auto number = parse_integer(text);
  if (!number || *number < least || *number > kMaxSize) {
    refuse(flags, "must be whole numbers, " + std::to_string(least) + " to " +
                      std::to_string(kMaxSize) + "; found \"" + text + "\"");
  }
  return *number;
}

std::vector<int64_t> parse_sizes(const std::string& flags, const std::string& text, int64_t least) {
  std::vector<int64_t> sizes;
  for (const std::string& part : split(text, ',')) {
    const size_t dash = part.find('-');
    if (dash == std::string::npos) {
      sizes.push_back(checked_size(flags, part, least));
      continue;
    }
    const size_t step_at = part.find_first_of("+*", dash);
    const int64_t first = checked_size(flags, part.substr(0, dash), least);
    const int64_t last = checked_size(
        flags, part.substr(dash + 1, step_at == std::string::npos ? step_at : step_at - dash - 1),
        least);
    const int64_t step =
        step_at == std::string::npos ? 1 : checked_size(flags, part.substr(step_at + 1));
    const bool times = step_at != std::string::npos && part[step_at] == '*';
    if (times && step < 2) refuse(flags, "a factor must be 2 or more; found \"" + part + "\"");
    if (times && first < 1) refuse(flags, "cannot multiply from 0; found \"" + part + "\"");
    for (int64_t size = first; size <= last; size = times ? size * step : size + step)
      sizes.push_back(size);
  }
  return sizes;
}

}  // namespace cria::cli
