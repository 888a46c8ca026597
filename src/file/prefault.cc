// The pages behind a tensor: into memory before it is read whole, and out of it again.
#include "file/catalog.h"

namespace cria::file {

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

const MappedFile* Catalog::file_of(const TensorView& tensor) const {
  for (const auto& mapped : files_) {
    const Bytes bytes = mapped->bytes();
    if (tensor.data >= bytes.data() && tensor.data < bytes.data() + bytes.size()) {
      return mapped.get();
    }
  }
  return nullptr;
}

Status Catalog::prefault(const TensorView& tensor) const {
  const MappedFile* file = file_of(tensor);
  if (file == nullptr) return {};
  const auto begin = static_cast<uint64_t>(tensor.data - file->bytes().data());
  return file->prefault(begin, begin + tensor.size_bytes);
}

void Catalog::drop(const TensorView& tensor) const {
  const MappedFile* file = file_of(tensor);
  if (file == nullptr) return;
  const auto begin = static_cast<uint64_t>(tensor.data - file->bytes().data());
  file->drop(begin, begin + tensor.size_bytes);
}

}  // namespace cria::file
