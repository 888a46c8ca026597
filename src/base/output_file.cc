#include "base/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace cria {

namespace {

constexpr int kMaxAttempts = 1000;  // left behind by as many that were killed

}  // namespace

Result<OutputFile> OutputFile::create(const std::string& path) {
  OutputFile file;
  file.path_ = path;
  // The number tells threads apart; O_EXCL, processes of other containers with the same id.
  static std::atomic<uint64_t> n_made = 0;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    file.temporary_path_ = str_cat(path, ".tmp.", static_cast<int64_t>(::getpid()), ".",
                                   n_made.fetch_add(1, std::memory_order_relaxed));
    file.fd_ = ::open(file.temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file.fd_ >= 0 || errno != EEXIST) break;
  }
  if (file.fd_ < 0) {
    const Status status = file.fail("create", errno);
    file.temporary_path_.clear();
    return status;
  }
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_path_(std::exchange(other.temporary_path_, {})),
      fd_(std::exchange(other.fd_, -1)),
      n_bytes_written_(other.n_bytes_written_) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_path_, other.temporary_path_);
  std::swap(fd_, other.fd_);
  std::swap(n_bytes_written_, other.n_bytes_written_);
  return *this;
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_path_.empty()) ::unlink(temporary_path_.c_str());
}

Status OutputFile::write(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("write", errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
    n_bytes_written_ += static_cast<uint64_t>(n);
  }
  return {};
}

Status OutputFile::commit() {
  if (::fsync(fd_) != 0 && errno != EINVAL) return fail("flush", errno);
  if (::close(std::exchange(fd_, -1)) != 0) return fail("close", errno);
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) return fail("rename to it", errno);
  temporary_path_.clear();
  return {};
}

Status OutputFile::fail(std::string_view action, int error) const {
  return io_error(path_, ": cannot ", action, " after ", n_bytes_written_,
                  " bytes: ", std::strerror(error), "; an earlier file of that name is untouched");
}

}  // namespace cria
