// Programs run by tests: with pipes, or on a pseudo-terminal.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cria::testing {

struct ProcessOptions {
  std::string input = {};                                             // standard input
  std::vector<std::pair<std::string, std::string>> environment = {};  // "": unset
  std::string stdout_path = {};                                       // "": captured
  double timeout_seconds = 300;
  // Sends SIGINT this long after interrupt_after_output came on either stream ("": the start).
  std::optional<double> interrupt_after_seconds = {};
  std::string interrupt_after_output = {};
  std::optional<uint64_t> max_file_bytes = {};     // RLIMIT_FSIZE
  std::optional<uint64_t> max_address_bytes = {};  // RLIMIT_AS
};

struct ProcessResult {
  int exit_code = -1;  // -1 where a signal ended it
  int signal = 0;
  std::string out, err;
  int64_t peak_rss_bytes = 0;
  double seconds_after_interrupt = 0;  // from SIGINT to the end
};

// Runs a program to its end; a failure of the machinery, or a program that is still running after
// the timeout, fails the test. words[0] is looked up in PATH.
ProcessResult run_process(const std::vector<std::string>& words,
                          const ProcessOptions& options = {});

// A program whose standard streams are all one pseudo-terminal.
class TerminalProcess {
 public:
  TerminalProcess(const std::vector<std::string>& words, const ProcessOptions& options = {});
  ~TerminalProcess();
  TerminalProcess(const TerminalProcess&) = delete;
  TerminalProcess& operator=(const TerminalProcess&) = delete;

  void type(const std::string& text);
  // Reads until text appears after what earlier calls have matched, and returns all up to its end.
  // Fails the test, and returns what came, after the timeout or at the program's end.
  std::string read_until(const std::string& text);
  // True where the program prints nothing for this long.
  bool silent_for(double seconds);
  // Reads to the end. A program that does not end fails the test and is killed. exit code or signal
  // only; out holds all that was printed.
  ProcessResult wait();

 private:
  bool read_some(double timeout_seconds);

  pid_t pid_ = -1;
  int fd_ = -1;
  double timeout_seconds_ = 0;
  std::string all_;
  size_t matched_ = 0;
};

}  // namespace cria::testing
