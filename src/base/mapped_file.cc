#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/memory_use.h"

namespace cria {
namespace {

// Closes a descriptor at the end of a scope.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Status system_error(const std::string& path, std::string_view action, int error) {
  const auto code = error == ENOENT || error == ENOTDIR ? StatusCode::not_found
                    : error == ENOMEM                   ? StatusCode::out_of_memory
                                                        : StatusCode::io_error;
  return Status(code, str_cat(path, ": cannot ", action, ": ", std::strerror(error)));
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return system_error(path, "open", errno);
  struct stat info;
  if (::fstat(file.fd, &info) != 0) return system_error(path, "read its size", errno);
  if (S_ISDIR(info.st_mode)) {
    return io_error(path, ": is a directory, expected a model file; name a file inside it");
  }
  if (!S_ISREG(info.st_mode)) {
    return io_error(path,
                    ": is not a regular file; a model is mapped and cannot be a pipe or device");
  }
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->path_ = path;
  if (info.st_size == 0) return std::shared_ptr<const MappedFile>(std::move(mapped));
  const auto size = static_cast<size_t>(info.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (data == MAP_FAILED) return system_error(path, "map into memory", errno);
  mapped->data_ = static_cast<const std::byte*>(data);
  mapped->size_bytes_ = size;
  mapped->fd_ = std::exchange(file.fd, -1);
  return std::shared_ptr<const MappedFile>(std::move(mapped));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_bytes_);
  if (fd_ >= 0) ::close(fd_);
}

Status MappedFile::prefault(uint64_t begin, uint64_t end) const {
  constexpr uint64_t kPageBytes = 4096;  // the smallest in use; larger pages are touched more often
#if defined(MADV_POPULATE_READ)
  void* first = const_cast<std::byte*>(data_ + begin / kPageBytes * kPageBytes);
  if (::madvise(first, end - begin / kPageBytes * kPageBytes, MADV_POPULATE_READ) == 0) return {};
  // Only a kernel that does not know the call says EINVAL; touching pages would meet anything else
  // as a fatal signal.
  if (errno != EINVAL) return system_error(path_, "read", errno);
#endif
  volatile std::byte sink{};
  for (uint64_t i = begin; i < end; i += kPageBytes) sink = data_[i];
  static_cast<void>(sink);
  return {};
}

void MappedFile::drop(uint64_t begin, uint64_t end) const {
  const uint64_t first = begin / page_bytes() * page_bytes();
  if (begin < end) ::madvise(const_cast<std::byte*>(data_ + first), end - first, MADV_DONTNEED);
}

bool MappedFile::read_at(uint64_t offset, size_t n_bytes, std::byte* out) const {
  for (size_t done = 0; done < n_bytes;) {
    const ssize_t n = ::pread(fd_, out + done, n_bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

Result<std::string> read_small_file(const std::string& path, uint64_t max_bytes) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return system_error(path, "open", errno);
  std::string text;
  char chunk[1 << 14];
  while (true) {
    const ssize_t n = ::read(file.fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(path, "read", errno);
    if (n == 0) return text;
    text.append(chunk, static_cast<size_t>(n));
    if (text.size() > max_bytes) {
      return io_error(path, ": found more than ", max_bytes, " bytes, expected at most that many");
    }
  }
}

}  // namespace cria
