#include "line_reader.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "interrupt.h"

namespace cria::cli {
namespace {

constexpr std::string_view kPrompt = ">>> ";
constexpr std::string_view kMorePrompt = "... ";
constexpr std::string_view kQuotes = "\"\"\"";
// A terminal in line mode drops what is typed beyond this (Linux: N_TTY_BUF_SIZE - 1).
constexpr size_t kMaxTerminalLine = 4095;

void warn_of_long_line(const std::string& line) {
  if (line.size() < kMaxTerminalLine) return;
  complain("warning: the terminal may have cut this line at 4095 bytes; use several lines");
}

}  // namespace

ReadOutcome LineReader::read_line(std::string_view prompt, const std::vector<std::string>& history,
                                  std::string* line) {
  if (edits_) return LineEditor(out_, prompt, history).read_line(line);
  out_.write(prompt);
  return read_plain_line(line);
}

ReadOutcome LineReader::read_plain_line(std::string* line) {
  while (true) {
    const size_t newline = pending_.find('\n');
    if (newline != std::string::npos) {
      *line = pending_.substr(0, newline);
      pending_.erase(0, newline + 1);
      warn_of_long_line(*line);
      return ReadOutcome::text;
    }
    if (at_end_) return ReadOutcome::end;
    if (interrupted()) return forget_line();
    std::array<char, 8192> chunk;
    const ssize_t n_read = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (n_read > 0) {
      pending_.append(chunk.data(), static_cast<size_t>(n_read));
    } else if (n_read == 0) {
      at_end_ = true;
      if (!pending_.empty()) pending_ += '\n';
    } else if (errno != EINTR) {
      return ReadOutcome::failed;
    }
  }
}

ReadOutcome LineReader::forget_line() {
  clear_interrupt();
  pending_.clear();
  return ReadOutcome::interrupted;
}

ReadOutcome LineReader::read_message(const std::vector<std::string>& history,
                                     std::string* message) {
  ReadOutcome outcome = read_line(kPrompt, history, message);
  if (outcome != ReadOutcome::text || message->rfind(kQuotes, 0) != 0) return outcome;
  std::string text = message->substr(kQuotes.size());
  while (!std::string_view(text).ends_with(kQuotes)) {
    std::string line;
    outcome = read_line(kMorePrompt, history, &line);
    if (outcome != ReadOutcome::text) return outcome;
    text += "\n" + line;
  }
  text.resize(text.size() - kQuotes.size());
  // Quotes on lines of their own add no newlines.
  if (!text.empty() && text.front() == '\n') text.erase(0, 1);
  if (!text.empty() && text.back() == '\n') text.pop_back();
  *message = std::move(text);
  return ReadOutcome::quoted;
}

}  // namespace cria::cli
