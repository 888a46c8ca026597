#include "model/pack_cache.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/str_cat.h"
#include "model/fingerprint.h"
#include "model/packed_file.h"

namespace cria::model {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtension = ".packed";

std::string hex(uint64_t value) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4) {
    *digit = "0123456789abcdef"[value & 15];
  }
  return text;
}

struct CachedFile {
  fs::path path;
  uint64_t n_bytes = 0;
  fs::file_time_type used;
};

// What cannot be read is left out.
std::vector<CachedFile> files_in(const std::string& folder) {
  std::vector<CachedFile> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != kExtension) continue;
    std::error_code no_size, no_time;
    CachedFile file{.path = it->path(),
                    .n_bytes = it->file_size(no_size),
                    .used = it->last_write_time(no_time)};
    if (!no_size && !no_time) files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

std::string PackCache::path_for(const Model& model) const {
  return str_cat(folder_, "/", hex(fingerprint(*model.catalog)), "-",
                 hex(model.catalog->size_bytes()), "-", model.kernels.name, kExtension);
}

bool PackCache::attach(ThreadPool& pool, Model& model) const {
  const std::string path = path_for(model);
  const Status status = attach_packed(path, pool, model);
  if (status.ok()) {
    std::error_code ignored;
    fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
    model.notes.push_back(str_cat("packed weights come from ", path));
    return true;
  }
  if (status.code() != StatusCode::not_found) {
    model.notes.push_back(str_cat("packed again: ", status.message()));
  }
  return false;
}

void PackCache::make_room(uint64_t n_bytes) const {
  std::vector<CachedFile> files = files_in(folder_);
  std::sort(files.begin(), files.end(),
            [](const CachedFile& a, const CachedFile& b) { return a.used < b.used; });
  uint64_t held = 0;
  for (const CachedFile& file : files) held += file.n_bytes;
  for (const CachedFile& file : files) {
    if (held + n_bytes <= max_bytes_) return;
    std::error_code error;
    if (fs::remove(file.path, error)) held -= file.n_bytes;
  }
}

void PackCache::keep(Model& model) const {
  const auto give_up = [&](const auto&... why) {
    model.notes.push_back(str_cat("packed weights are not kept: ", why...));
  };
  const uint64_t n_bytes = packed_file_bytes(model);
  if (n_bytes == 0) return;
  if (n_bytes > max_bytes_) {
    return give_up(n_bytes, " bytes are more than the cache's ", max_bytes_);
  }
  std::error_code error;
  fs::create_directories(folder_, error);
  const fs::space_info space = fs::space(folder_, error);
  if (error) return give_up(folder_, ": ", error.message());
  if (space.available / kFreeFactor < n_bytes) {
    return give_up(folder_, ": ", space.available, " bytes are free, expected at least ",
                   kFreeFactor, " times the ", n_bytes, " of this model");
  }
  make_room(n_bytes);
  const std::string path = path_for(model);
  const Status status = save_packed(model, path);
  if (!status.ok()) return give_up(status.message());
  model.notes.push_back(str_cat("packed weights are kept in ", path));
}

}  // namespace cria::model
