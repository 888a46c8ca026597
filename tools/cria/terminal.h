// Whether there is a person to draw for, and what is drawn only then.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace cria::cli {

bool stdin_is_terminal();
bool stdout_is_terminal();
bool stderr_is_terminal();

// text in a dim colour, or as it is where standard error is no terminal or NO_COLOR is set.
std::string dimmed(std::string_view text);

// "loading  42%" on standard error, overwritten in place. Draws nothing where standard error is no
// terminal, nor in the first moments, so that a quick job leaves no flicker.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // share: 0 to 1.
  void update(double share);
  // Removes what was drawn; later updates draw again.
  void clear();

 private:
  std::string label_;
  std::chrono::steady_clock::time_point start_;
  int percent_ = -1;
  bool drawn_ = false;
};

}  // namespace cria::cli
