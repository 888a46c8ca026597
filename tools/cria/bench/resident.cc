#include "bench/resident.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "bench/statistics.h"

extern char** environ;

namespace cria::cli {
namespace {

struct Pipe {
  int read_end = -1, write_end = -1;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
  void close_write_end() {
    if (write_end >= 0) ::close(write_end);
    write_end = -1;
  }
  ~Pipe() {
    close_write_end();
    if (read_end >= 0) ::close(read_end);
  }
};

// This program with its standard output in the pipe; -1 where it does not start.
pid_t start(const std::vector<std::string>& words, const Pipe& pipe) {
  std::vector<char*> arguments = {const_cast<char*>("cria")};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  if (::posix_spawn_file_actions_init(&actions) != 0) return -1;
  pid_t child = -1;
  const bool started =
      ::posix_spawn_file_actions_adddup2(&actions, pipe.write_end, STDOUT_FILENO) == 0 &&
      ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ) == 0;
  ::posix_spawn_file_actions_destroy(&actions);
  return started ? child : -1;
}

}  // namespace

int64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  long long all = 0, resident = 0;
  const int n = std::fscanf(file, "%lld %lld", &all, &resident);
  std::fclose(file);
  return n == 2 ? static_cast<int64_t>(resident) * ::sysconf(_SC_PAGESIZE) : 0;
}

std::optional<double> milliseconds_to_output(const std::vector<std::string>& words) {
  Pipe pipe;
  if (!pipe.open()) return std::nullopt;
  const double begin = now_seconds();
  const pid_t child = start(words, pipe);
  if (child < 0) return std::nullopt;
  pipe.close_write_end();
  char byte = 0;
  ssize_t n = 0;
  do {
    n = ::read(pipe.read_end, &byte, 1);
  } while (n < 0 && errno == EINTR);
  const double seconds = now_seconds() - begin;
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (n != 1) return std::nullopt;
  return 1e3 * seconds;
}

}  // namespace cria::cli
