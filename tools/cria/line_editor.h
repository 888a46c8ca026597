// A line typed on a terminal, with the usual keys and the history on the arrows. The terminal's own
// line mode cuts what is longer than 4,095 bytes; this does not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edit_buffer.h"
#include "output.h"

namespace cria::cli {

// quoted: a message between three quotes, which is never a command. end: nothing more comes.
enum class ReadOutcome { text, quoted, end, interrupted, failed };

// True where standard input is a terminal that moves its cursor when told to.
bool can_edit_lines();

// Reads one line; make one for each. Requires: can_edit_lines().
class LineEditor {
 public:
  LineEditor(Output& out, std::string_view prompt, const std::vector<std::string>& history);

  // The terminal is as before when this returns. Ctrl-C: interrupted. Ctrl-D on an empty line: end.
  ReadOutcome read_line(std::string* line);

 private:
  enum class Next { go_on, done, end, interrupted, failed };
  struct Position {
    int row = 0;
    int column = 0;
  };

  Next read_byte(char* byte);
  Next handle(char byte);
  Next handle_control(char byte);
  Next handle_escape();
  void apply_key(char key);
  Next insert(char lead);
  void recall(int step);
  void redraw();
  Position advance(Position from, std::string_view text) const;

  Output& out_;
  std::string prompt_;
  const std::vector<std::string>& history_;
  size_t i_history_;   // history_.size(): the line that was being typed
  std::string typed_;  // that line, while an older one is shown
  EditBuffer buffer_;
  int n_columns_ = 80;
  int cursor_row_ = 0;  // below the prompt's
  Position end_;        // of the text on the screen
};

}  // namespace cria::cli
