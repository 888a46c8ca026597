// Declaring flags. With the files options*.cc, all that knows the command line library.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cria/session.h"

namespace cria::cli {

inline constexpr int kMaxThreads = 512;
inline constexpr int kMaxDraft = 64;

// Wrong values are reported with the flag that they were given to.
[[noreturn]] void refuse(const std::string& flags, const std::string& reason);

// An option whose value goes to store as it was typed.
CLI::Option* add_text(CLI::App& app, const std::string& flags, const char* type, const char* help,
                      std::function<void(const std::string&)> store);
CLI::Option* add_string(CLI::App& app, const std::string& flags, const char* type, const char* help,
                        std::string& target);
CLI::Option* add_integer(CLI::App& app, const std::string& flags, const char* help, int least,
                         int most, int& target);
// Bytes, as parse_byte_size has them.
CLI::Option* add_byte_size(CLI::App& app, const std::string& flags, const char* help,
                           int64_t& target);
// "f16" or "f32".
void add_cache_type(CLI::App& app, const std::string& flags, const char* help, KvType& target);
// The whole number that value is, or refuse().
int checked_integer(const std::string& flags, const std::string& value, int least, int most);
// Each time that it is given.
void add_repeatable(CLI::App& app, const std::string& flags, const char* type, const char* help,
                    std::function<void(const std::string&)> store);

// Parses the words after the command's name, then calls finish for what no single flag can check.
// Returns an exit code where nothing is left to do (see options.h).
std::optional<int> parse(CLI::App& app, const std::vector<std::string>& words,
                         const std::function<void()>& finish);

}  // namespace cria::cli
