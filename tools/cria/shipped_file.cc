#include "shipped_file.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace cria::cli {
namespace {

namespace fs = std::filesystem;

// The folder of the running program, or "" where the system does not say.
std::string program_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? std::string() : program.parent_path().string();
}

bool is_same_folder(const std::string& a, const std::string& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

}  // namespace

// CRIA_DATA_FROM_BINDIR, CRIA_BUILD_BINDIR and CRIA_SOURCE_MODELS come from the build. The last two
// count for the program in its build tree only, so an installed one never looks at its origin; a
// build tree that was moved with its sources is known by its shape, build/PRESET/tools/cria.
std::vector<std::string> shipped_paths(const ShippedFile& file, const std::string& program_dir) {
  std::vector<std::string> paths;
  if (program_dir.empty()) return paths;
  const fs::path folder = program_dir;
  const auto add = [&paths](const fs::path& path) {
    paths.push_back(path.lexically_normal().string());
  };
  add(folder / file.name);
  add(folder / CRIA_DATA_FROM_BINDIR / file.name);
  if (is_same_folder(program_dir, CRIA_BUILD_BINDIR)) {
    add(fs::path(CRIA_SOURCE_MODELS) / file.source_place);
  } else if (folder.filename() == "cria" && folder.parent_path().filename() == "tools") {
    add(folder / "../../../../models" / file.source_place);
  }
  return paths;
}

Result<std::string> find_shipped(const ShippedFile& file) {
  const std::vector<std::string> paths = shipped_paths(file, program_folder());
  std::string places;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::exists(path, error)) return path;
    places.append(places.empty() ? "" : ", ").append(path);
  }
  if (places.empty()) places = "no place at all, because /proc/self/exe cannot be read";
  return Status(StatusCode::not_found,
                std::string(file.what) + " is not there; looked for " + places);
}

}  // namespace cria::cli
