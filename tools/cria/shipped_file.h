// Files that come with the program: Al's model and its demo house.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"

namespace cria::cli {

struct ShippedFile {
  const char* what;          // for messages
  const char* name;          // "al-q8_0.gguf"
  const char* source_place;  // below the source tree's models/
};

inline constexpr ShippedFile kAlModel = {"Al's model file", "al-q8_0.gguf", "al-q8_0.gguf"};
inline constexpr ShippedFile kDemoHouse = {"the demo house", "demo_house.json",
                                           "al/demo_house.json"};

// Where it may lie for a program in the folder program_dir, best first: beside the program, where
// both were installed, and in the source tree of a program that has not left its build tree.
std::vector<std::string> shipped_paths(const ShippedFile& file, const std::string& program_dir);

// The first of them that there is. Errors: not_found, naming all of them.
Result<std::string> find_shipped(const ShippedFile& file);

}  // namespace cria::cli
