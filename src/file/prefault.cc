// The pages behind a tensor: into memory before it is read whole, and out of it again.
#include <algorithm>

#include "file/catalog.h"

namespace cria::file {
namespace {

// What a fault may map on either side of what was wanted: Linux maps a huge page of its cache
// whole.
constexpr uint64_t kMappedAround = uint64_t{2} << 20;

}  // namespace

uint64_t Catalog::size_bytes() const {
  uint64_t total = 0;
  for (const auto& mapped : files_) total += mapped->bytes().size();
  return total;
}

std::vector<std::string> Catalog::paths() const {
  std::vector<std::string> paths;
  for (const auto& mapped : files_) paths.push_back(mapped->path());
  return paths;
}

std::shared_ptr<const MappedFile> Catalog::file_of(const TensorView& tensor) const {
  for (const auto& mapped : files_) {
    const Bytes bytes = mapped->bytes();
    if (tensor.data >= bytes.data() && tensor.data < bytes.data() + bytes.size()) {
      return mapped;
    }
  }
  return nullptr;
}

Status Catalog::prefault(const TensorView& tensor) const {
  const std::shared_ptr<const MappedFile> file = file_of(tensor);
  if (file == nullptr) return {};
  const auto begin = static_cast<uint64_t>(tensor.data - file->bytes().data());
  return file->prefault(begin, begin + tensor.size_bytes);
}

void Catalog::drop(const TensorView& tensor) const {
  const std::shared_ptr<const MappedFile> file = file_of(tensor);
  if (file == nullptr) return;
  const auto begin = static_cast<uint64_t>(tensor.data - file->bytes().data());
  const uint64_t end = std::min(begin + tensor.size_bytes + kMappedAround, file->bytes().size());
  file->drop(begin - std::min(begin, kMappedAround), end);
}

void Catalog::drop_all() const {
  for (const auto& mapped : files_) mapped->drop(0, mapped->bytes().size());
}

FilePlace Catalog::place_of(const TensorView& tensor) const {
  FilePlace place{.file = file_of(tensor)};
  if (place.file != nullptr) {
    place.offset = static_cast<uint64_t>(tensor.data - place.file->bytes().data());
  }
  return place;
}

}  // namespace cria::file
