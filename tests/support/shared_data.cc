#include "support/shared_data.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace cria::testing {
namespace {

// Removes the folders that tests asked for, when the program ends.
struct TemporaryFolders {
  std::vector<std::string> paths;
  ~TemporaryFolders() {
    std::error_code ignored;
    for (const std::string& path : paths) std::filesystem::remove_all(path, ignored);
  }
};

}  // namespace

std::string source_dir() { return std::string(CRIA_SOURCE_DIR) + "/tests"; }

std::string shared_dir() {
  const char* set = std::getenv("CRIA_SHARED_DIR");
  const std::string path = set != nullptr ? set : std::string(CRIA_SOURCE_DIR) + "/../shared";
  return std::filesystem::is_directory(path) ? path : std::string();
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << "cannot read " << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  EXPECT_TRUE(out.good()) << "cannot write " << path;
}

std::string temporary_dir() {
  static TemporaryFolders folders;
  std::string path = (std::filesystem::temp_directory_path() / "cria_test_XXXXXX").string();
  EXPECT_NE(::mkdtemp(path.data()), nullptr);
  folders.paths.push_back(path);
  return path;
}

}  // namespace cria::testing
