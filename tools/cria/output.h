// What the program says: text to standard output, all else to standard error, and exit codes.
#pragma once

#include <string_view>

#include "cria/status.h"

namespace cria::cli {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitInterrupted = 130;

// Standard output, unbuffered, so that a reader sees each piece at once. Remembers the first error.
class Output {
 public:
  // False once a write has failed.
  bool write(std::string_view text);
  bool failed() const { return error_ != 0; }
  // code, or kExitFailed with a message where a write has failed. A reader that went away needs no
  // message.
  int exit_code(int code) const;

 private:
  int error_ = 0;
};

// "cria: MESSAGE" on one line of standard error, control characters escaped.
void complain(std::string_view message);
// Text to standard error as it is; errors are ignored, because nobody is left to be told.
void write_error_text(std::string_view text);

// Complains, and returns the exit code for this kind of error. Requires: !status.ok().
int fail(const Status& status);

}  // namespace cria::cli
