// Lists of sizes, as the measuring commands take them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cria::cli {

inline constexpr int64_t kMaxSize = 1 << 20;

std::vector<std::string> split(const std::string& text, char at);

// A whole number from least to kMaxSize; else refuse().
int64_t checked_size(const std::string& flags, const std::string& text, int64_t least = 1);

// "1,2,8", "1-8", "1-9+2" (1 3 5 7 9), "1-64*2" (1 2 4 ... 64).
std::vector<int64_t> parse_sizes(const std::string& flags, const std::string& text,
                                 int64_t least = 1);

}  // namespace cria::cli
