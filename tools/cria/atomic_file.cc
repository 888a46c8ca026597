#include "atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace cria::cli {
namespace {

// The errno of the first failure, or 0.
int write_and_sync(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n_written = ::write(fd, bytes.data(), bytes.size());
    if (n_written < 0 && errno == EINTR) continue;
    if (n_written < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(n_written));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

int write_temporary(const std::string& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                        S_IRUSR | S_IWUSR);
  if (fd < 0) return errno;
  const int error = write_and_sync(fd, bytes);
  const int close_error = ::close(fd) == 0 ? 0 : errno;
  return error != 0 ? error : close_error;
}

}  // namespace

Status write_file_atomically(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp." + std::to_string(::getpid());
  int error = write_temporary(temporary, bytes);
  if (error == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return Status();
  ::unlink(temporary.c_str());
  return Status(StatusCode::io_error, "cannot write " + path + ": " + std::strerror(error));
}

}  // namespace cria::cli
