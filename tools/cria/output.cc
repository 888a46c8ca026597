#include "output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "printable.h"

namespace cria::cli {
namespace {

// The errno of the first failed write, or 0.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n_written = ::write(fd, text.data(), text.size());
    if (n_written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    text.remove_prefix(static_cast<size_t>(n_written));
  }
  return 0;
}

}  // namespace

bool Output::write(std::string_view text) {
  if (error_ == 0) error_ = write_all(STDOUT_FILENO, text);
  return error_ == 0;
}

int Output::exit_code(int code) const {
  if (error_ == 0) return code;
  if (error_ != EPIPE) {
    complain(std::string("cannot write to standard output: ") + std::strerror(error_));
  }
  return kExitFailed;
}

void complain(std::string_view message) { write_error_text("cria: " + printable(message) + "\n"); }

void write_error_text(std::string_view text) {
  if (write_all(STDERR_FILENO, text) != 0) return;
}

int fail(const Status& status) {
  if (status.code() == StatusCode::cancelled) return kExitInterrupted;
  complain(status.message());
  return status.code() == StatusCode::invalid_argument ? kExitUsage : kExitFailed;
}

}  // namespace cria::cli
