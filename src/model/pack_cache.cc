#include "model/pack_cache.h"

#include <algorithm>
#include <chrono>
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

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// The folder may be anybody's: only names that path_for makes are files of the cache.
bool is_name_of_ours(std::string_view name) {
  return name.size() > 34 && name[16] == '-' && name[33] == '-' && is_hex(name.substr(0, 16)) &&
         is_hex(name.substr(17, 16));
}

// When the model's files were written last: an edit in place need not change what is sampled.
uint64_t time_of(const file::Catalog& catalog) {
  uint64_t sum = catalog.size_bytes();
  for (const std::string& path : catalog.paths()) {
    std::error_code error;
    const auto time = fs::last_write_time(path, error).time_since_epoch().count();
    sum = sum * 1099511628211u + static_cast<uint64_t>(error ? 0 : time);
  }
  return sum;
}

// What cannot be read is left out.
std::vector<CachedFile> files_in(const std::string& folder) {
  std::vector<CachedFile> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!is_name_of_ours(it->path().filename().string())) continue;
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
  return str_cat(folder_, "/", hex(fingerprint(*model.catalog)), "-", hex(time_of(*model.catalog)),
                 "-", model.kernels.name, kExtension);
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
  const auto a_day_ago = fs::file_time_type::clock::now() - std::chrono::hours(24);
  for (const CachedFile& file : files) {
    const bool is_left_over = file.path.extension() != kExtension && file.used < a_day_ago;
    if (held + n_bytes <= max_bytes_ && !is_left_over) continue;
    std::error_code error;
    if (fs::remove(file.path, error)) held -= file.n_bytes;
  }
}

void PackCache::keep(Model& model, const std::function<bool(double)>& on_progress) const {
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
  const Status status = save_packed(model, path, on_progress);
  if (!status.ok()) return give_up(status.message());
  model.notes.push_back(str_cat("packed weights are kept in ", path));
}

}  // namespace cria::model
