// Test data that is not part of the project: at ../shared beside the source tree, or where
// CRIA_SHARED_DIR says. Tests that need it skip, visibly, where it is absent.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace cria::testing {

// "" where there is no such folder.
std::string shared_dir();
// The folder of the test sources.
std::string source_dir();
// A whole file; fails the test where it cannot be read.
std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view bytes);
// A fresh empty folder for one test, below the system's temporary folder; removed at exit.
std::string temporary_dir();

}  // namespace cria::testing

// Defines `variable` as the path of a file in the shared folder, or skips the test.
#define CRIA_SHARED_FILE(variable, relative_path)                                     \
  const std::string variable = ::cria::testing::shared_dir() + "/" + (relative_path); \
  if (::cria::testing::shared_dir().empty()) GTEST_SKIP() << "no ../shared: " << (relative_path)
