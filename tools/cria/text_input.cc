#include "text_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "interrupt.h"
#include "terminal.h"

namespace cria::cli {
namespace {

Status read_error(const std::string& name) {
  return Status(StatusCode::io_error, "cannot read " + name + ": " + std::strerror(errno));
}

Result<std::string> read_all(int fd, const std::string& name) {
  std::string text;
  std::array<char, 65536> chunk;
  while (true) {
    const ssize_t n_read = ::read(fd, chunk.data(), chunk.size());
    if (n_read == 0) return text;
    if (n_read > 0) {
      text.append(chunk.data(), static_cast<size_t>(n_read));
    } else if (errno != EINTR) {
      return read_error(name);
    } else if (interrupted()) {
      return Status(StatusCode::cancelled, "interrupted");
    }
  }
}

}  // namespace

Result<std::string> read_standard_input() { return read_all(STDIN_FILENO, "standard input"); }

Result<std::string> read_whole_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const StatusCode code = errno == ENOENT ? StatusCode::not_found : StatusCode::io_error;
    return Status(code, "cannot open " + path + ": " + std::strerror(errno));
  }
  Result<std::string> text = read_all(fd, path);
  ::close(fd);
  return text;
}

Result<std::string> read_prompt(const PromptFlags& flags, std::string_view what) {
  if (flags.text) return *flags.text;
  if (!flags.file.empty()) return read_whole_file(flags.file);
  if (stdin_is_terminal()) {
    return Status(StatusCode::invalid_argument,
                  "no " + std::string(what) + ": give -p TEXT or -f FILE, or pipe it in");
  }
  return read_standard_input();
}

Result<std::string> read_prompt_text(const PromptFlags& flags, std::string_view what) {
  Result<std::string> text = read_prompt(flags, what);
  if (text.ok() && !flags.text && !text->empty() && text->back() == '\n') text->pop_back();
  return text;
}

}  // namespace cria::cli
