#include "terminal.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "output.h"

namespace cria::cli {
namespace {

constexpr std::chrono::milliseconds kDrawAfter{200};
constexpr int kBarWidth = 30;

bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) != "dumb";
}

}  // namespace

bool stdin_is_terminal() { return ::isatty(STDIN_FILENO) == 1; }
bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }
bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

std::string dimmed(std::string_view text) {
  if (!stderr_is_terminal() || !wants_colour()) return std::string(text);
  return "\x1b[2m" + std::string(text) + "\x1b[0m";
}

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)), start_(std::chrono::steady_clock::now()) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::update(double share) {
  const int percent = static_cast<int>(std::clamp(share, 0.0, 1.0) * 100);
  if (percent == percent_ || !stderr_is_terminal()) return;
  if (std::chrono::steady_clock::now() - start_ < kDrawAfter) return;
  percent_ = percent;
  drawn_ = true;
  const auto n_full = static_cast<size_t>(percent * kBarWidth / 100);
  const std::string bar = std::string(n_full, '#') + std::string(kBarWidth - n_full, '.');
  write_error_text("\r" + label_ + " [" + bar + "] " + std::to_string(percent) + "%");
}

void ProgressBar::clear() {
  if (!drawn_) return;
  // Blanks and not an escape sequence: this works on every terminal.
  std::string blanks(label_.size() + kBarWidth + 10, ' ');
  blanks.front() = '\r';
  blanks.back() = '\r';
  write_error_text(blanks);
  drawn_ = false;
  percent_ = -1;
}

}  // namespace cria::cli
