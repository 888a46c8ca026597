// Loading in the sense that a person waits for: pages from the disk, with progress.
#include <algorithm>

#include "file/catalog.h"

namespace cria::file {

uint64_t Catalog::size_bytes() const {
  uint64_t total = 0;
  for (const auto& mapped : files_) total += mapped->bytes().size();
  return total;
}

Status Catalog::prefault(const std::function<bool(double)>& on_progress) const {
  constexpr uint64_t kStepBytes = 16 << 20;
  const uint64_t total = size_bytes();
  uint64_t done = 0;
  for (const auto& mapped : files_) {
    const uint64_t size = mapped->bytes().size();
    for (uint64_t begin = 0; begin < size; begin += kStepBytes) {
      const uint64_t end = std::min(size, begin + kStepBytes);
      CRIA_RETURN_IF_ERROR(mapped->prefault(begin, end));
      done += end - begin;
      if (on_progress && !on_progress(static_cast<double>(done) / static_cast<double>(total))) {
        return Status(StatusCode::cancelled, "cancelled while loading " + source_name);
      }
    }
  }
  return {};
}

}  // namespace cria::file
