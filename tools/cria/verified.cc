#include "verified.h"

#include <cstdint>
#include <cstdlib>

#include "atomic_file.h"
#include "bench/text.h"
#include "cria/diagnose.h"
#include "output.h"
#include "text_input.h"
#include "user_files.h"

namespace cria::cli {
namespace {

// FNV-1a: against cut and mixed-up files, not against people.
std::string sum_of(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return format("%016llx", static_cast<unsigned long long>(hash));
}

// What a record holds true for. Without an id of the build the commit has to do.
std::string machine_lines() {
  const BuildInfo build = build_info();
  return "cria verify 1\ncpu " + cpu_name() + " | " + cpu_description() + "\nbuild " + version() +
         " " + build.commit + " " + build.id + "\n";
}

std::string record_of(const std::string& wrong_slots) {
  const std::string lines = machine_lines() + "wrong " + wrong_slots + "\n";
  return lines + "sum " + sum_of(lines) + "\n";
}

}  // namespace

std::string verified_path() {
  const std::string folder = user_folder("XDG_CACHE_HOME", ".cache");
  return folder.empty() ? "" : folder + "/cria/verify-" + sum_of(machine_lines());
}

std::optional<std::string> read_verified() {
  const std::string path = verified_path();
  if (path.empty()) return std::nullopt;
  const Result<std::string> record = read_whole_file(path);
  if (!record.ok()) return std::nullopt;
  const size_t begin = machine_lines().size() + 6;
  const size_t end = record->find('\n', begin);
  if (end == std::string::npos) return std::nullopt;
  std::string wrong_slots = record->substr(begin, end - begin);
  if (*record != record_of(wrong_slots)) return std::nullopt;
  return wrong_slots;
}

Status write_verified(const std::string& wrong_slots) {
  const std::string path = verified_path();
  if (path.empty()) return Status(StatusCode::io_error, "neither XDG_CACHE_HOME nor HOME is set");
  make_parent_folders(path);
  return write_file_atomically(path, record_of(wrong_slots));
}

void switch_off_wrong_kernels() {
  if (std::getenv("CRIA_KERNELS_OFF") != nullptr) return;
  const std::optional<std::string> wrong_slots = read_verified();
  if (!wrong_slots || wrong_slots->empty()) return;
  complain("these kernels were wrong on this CPU (cria verify) and are not used: " + *wrong_slots +
           "; slower ones compute instead");
  ::setenv("CRIA_KERNELS_OFF", wrong_slots->c_str(), 1);
}

}  // namespace cria::cli
