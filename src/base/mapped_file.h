// A whole file, read-only, in memory.
#pragma once

#include <memory>
#include <string>

#include "base/byte_reader.h"

namespace cria {

// Owns one memory map and its descriptor. Immutable: share it by shared_ptr; views of bytes() live
// as long as it does. A file that another process shortens while it is mapped raises SIGBUS on
// access, as for every mapped file; replace model files by rename, never in place.
class MappedFile {
 public:
  // Errors: not_found; io_error for a directory, a device or what the system refuses; the message
  // names the path. An empty file maps to zero bytes.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  Bytes bytes() const { return {data_, size_bytes_}; }
  // Reads bytes [begin, end) from the disk into memory now instead of at the first access.
  // Errors: io_error where the disk fails.
  Status prefault(uint64_t begin, uint64_t end) const;
  // Copies bytes [offset, offset + n_bytes) without mapping their pages: for reads here and there,
  // since a fault maps up to 2 MB around what was wanted (Linux, a file cached in huge pages). One
  // system call, about a microsecond. False where the system refuses: then read bytes().
  bool read_at(uint64_t offset, size_t n_bytes, std::byte* out) const;
  // Gives back the memory of the pages that hold any of [begin, end), their neighbours' bytes
  // included: read again where they are used again. Safe while other threads read them.
  void drop(uint64_t begin, uint64_t end) const;

 private:
  MappedFile() = default;

  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;
  int fd_ = -1;
};

// Reads a small file (a prompt, a script) whole. Errors as MappedFile::open; io_error where it is
// larger than max_bytes. Unlike a map it also reads pipes and devices.
Result<std::string> read_small_file(const std::string& path, uint64_t max_bytes);

}  // namespace cria
