#include "support/subprocess.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace cria::testing {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0) << std::strerror(errno);
  return {ends[0], ends[1]};
}

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

// What follows runs in the child.
void limit(decltype(RLIMIT_AS) resource, const std::optional<uint64_t>& most) {
  if (!most) return;
  const rlimit limits{*most, *most};
  ::setrlimit(resource, &limits);
}

[[noreturn]] void become(const std::vector<std::string>& words, const ProcessOptions& options) {
  for (const auto& [name, value] : options.environment) {
    if (value.empty()) {
      ::unsetenv(name.c_str());
    } else {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
  }
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  limit(RLIMIT_FSIZE, options.max_file_bytes);
  limit(RLIMIT_AS, options.max_address_bytes);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

struct Streams {
  Pipe in, out, err;
};

[[noreturn]] void start_child(const std::vector<std::string>& words, const ProcessOptions& options,
                              const Streams& streams) {
  ::dup2(streams.in.read_end, STDIN_FILENO);
  int out = streams.out.write_end;
  if (!options.stdout_path.empty()) {
    out = ::open(options.stdout_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0) ::_exit(126);
  }
  ::dup2(out, STDOUT_FILENO);
  ::dup2(streams.err.write_end, STDERR_FILENO);
  become(words, options);
}

// Moves what is ready. False: at its end.
bool drain(int fd, std::string& into) {
  std::array<char, 16384> chunk;
  const ssize_t n_read = ::read(fd, chunk.data(), chunk.size());
  if (n_read > 0) into.append(chunk.data(), static_cast<size_t>(n_read));
  return n_read > 0 || (n_read < 0 && (errno == EINTR || errno == EAGAIN));
}

// Gives the child its input as it takes it.
void feed(int& fd, const std::string& input, size_t& n_fed) {
  if (n_fed < input.size()) {
    const ssize_t n = ::write(fd, input.data() + n_fed, input.size() - n_fed);
    if (n > 0) n_fed += static_cast<size_t>(n);
    if (n < 0 && errno != EAGAIN && errno != EINTR) n_fed = input.size();
  }
  if (n_fed >= input.size()) close_fd(fd);
}

class Interrupter {
 public:
  Interrupter(const ProcessOptions& options, pid_t pid) : options_(options), pid_(pid) {}

  void poll(const ProcessResult& result) {
    if (sent_ || !options_.interrupt_after_seconds) return;
    const std::string& text = options_.interrupt_after_output;
    const bool seen =
        result.out.find(text) != std::string::npos || result.err.find(text) != std::string::npos;
    if (!seen) seen_at_ = Clock::now();
    if (seconds_since(seen_at_) < *options_.interrupt_after_seconds) return;
    sent_ = true;
    sent_at_ = Clock::now();
    ::kill(pid_, SIGINT);
  }
  double seconds() const { return sent_ ? seconds_since(sent_at_) : 0; }

 private:
  const ProcessOptions& options_;
  pid_t pid_;
  Clock::time_point seen_at_ = Clock::now();
  bool sent_ = false;
  Clock::time_point sent_at_;
};

void store_status(int status, ProcessResult& result) {
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
}

// Moves bytes both ways until both outputs are closed or the time is over. False: it is over.
bool converse(Streams& streams, const ProcessOptions& options, pid_t pid, ProcessResult& result,
              Interrupter& interrupter) {
  const Clock::time_point start = Clock::now();
  size_t n_fed = 0;
  while (streams.out.read_end >= 0 || streams.err.read_end >= 0) {
    if (seconds_since(start) > options.timeout_seconds) {
      ::kill(pid, SIGKILL);
      return false;
    }
    std::array<pollfd, 3> fds = {{{streams.out.read_end, POLLIN, 0},
                                  {streams.err.read_end, POLLIN, 0},
                                  {streams.in.write_end, POLLOUT, 0}}};
    ::poll(fds.data(), fds.size(), 10);
    if (fds[0].revents != 0 && !drain(streams.out.read_end, result.out)) {
      close_fd(streams.out.read_end);
    }
    if (fds[1].revents != 0 && !drain(streams.err.read_end, result.err)) {
      close_fd(streams.err.read_end);
    }
    if (fds[2].revents != 0) feed(streams.in.write_end, options.input, n_fed);
    interrupter.poll(result);
  }
  return true;
}

int open_terminal(std::string& slave_name) {
  const int fd = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_GE(fd, 0) << std::strerror(errno);
  EXPECT_EQ(::grantpt(fd), 0);
  EXPECT_EQ(::unlockpt(fd), 0);
  slave_name = ::ptsname(fd);
  return fd;
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& words, const ProcessOptions& options) {
  Streams streams{make_pipe(), make_pipe(), make_pipe()};
  const pid_t pid = ::fork();
  if (pid == 0) start_child(words, options, streams);
  close_fd(streams.in.read_end);
  close_fd(streams.out.write_end);
  close_fd(streams.err.write_end);
  ::fcntl(streams.in.write_end, F_SETFL, O_NONBLOCK);
  const auto old_handler = ::signal(SIGPIPE, SIG_IGN);
  ProcessResult result;
  Interrupter interrupter(options, pid);
  const bool in_time = converse(streams, options, pid, result, interrupter);
  close_fd(streams.in.write_end);
  close_fd(streams.out.read_end);
  close_fd(streams.err.read_end);
  ::signal(SIGPIPE, old_handler);
  int status = 0;
  rusage usage{};
  EXPECT_EQ(::wait4(pid, &status, 0, &usage), pid);
  result.seconds_after_interrupt = interrupter.seconds();
  EXPECT_TRUE(in_time) << "still running: " << words.back() << "\n" << result.err;
  store_status(status, result);
  result.peak_rss_bytes = static_cast<int64_t>(usage.ru_maxrss) * 1024;
  return result;
}

TerminalProcess::TerminalProcess(const std::vector<std::string>& words,
                                 const ProcessOptions& options)
    : timeout_seconds_(options.timeout_seconds) {
  std::string slave_name;
  fd_ = open_terminal(slave_name);
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::setsid();
  const int slave = ::open(slave_name.c_str(), O_RDWR);
  if (slave < 0) ::_exit(126);
  ::ioctl(slave, TIOCSCTTY, 0);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(slave, stream);
  if (slave > STDERR_FILENO) ::close(slave);
  become(words, options);
}

TerminalProcess::~TerminalProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_fd(fd_);
}

void TerminalProcess::type(const std::string& text) {
  EXPECT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

// A read from a terminal that the program has left fails with EIO: that is its end.
bool TerminalProcess::read_some(double timeout_seconds) {
  pollfd poll_fd{fd_, POLLIN, 0};
  const int n_ready = ::poll(&poll_fd, 1, static_cast<int>(timeout_seconds * 1000));
  return n_ready > 0 && drain(fd_, all_);
}

std::string TerminalProcess::read_until(const std::string& text) {
  const Clock::time_point start = Clock::now();
  while (true) {
    const size_t found = all_.find(text, matched_);
    if (found != std::string::npos) {
      const size_t from = matched_;
      matched_ = found + text.size();
      return all_.substr(from, matched_ - from);
    }
    const double left = timeout_seconds_ - seconds_since(start);
    if (left <= 0 || !read_some(left)) {
      ADD_FAILURE() << "\"" << text << "\" never came; got: " << all_.substr(matched_);
      return all_.substr(matched_);
    }
  }
}

bool TerminalProcess::silent_for(double seconds) {
  const size_t before = all_.size();
  read_some(seconds);
  return all_.size() == before;
}

ProcessResult TerminalProcess::wait() {
  const Clock::time_point start = Clock::now();
  bool at_end = false;
  while (!at_end && seconds_since(start) < timeout_seconds_) {
    at_end = !read_some(timeout_seconds_ - seconds_since(start));
  }
  const bool in_time = seconds_since(start) < timeout_seconds_;
  EXPECT_TRUE(in_time) << "still running; printed: " << all_;
  if (!in_time) ::kill(pid_, SIGKILL);
  int status = 0;
  EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
  pid_ = -1;
  ProcessResult result;
  result.out = all_;
  store_status(status, result);
  return result;
}

}  // namespace cria::testing
