// Lines and messages from standard input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "line_editor.h"
#include "output.h"

namespace cria::cli {

// With the line editor where the terminal has what it needs, else as the terminal gives lines.
class LineReader {
 public:
  explicit LineReader(Output& out) : out_(out), edits_(can_edit_lines()) {}

  // line without its newline. Ctrl-C gives interrupted and forgets the line begun.
  ReadOutcome read_line(std::string_view prompt, const std::vector<std::string>& history,
                        std::string* line);

  // A line, or all lines between """ and """.
  ReadOutcome read_message(const std::vector<std::string>& history, std::string* message);

 private:
  ReadOutcome read_plain_line(std::string* line);
  ReadOutcome forget_line();

  Output& out_;
  bool edits_;
  std::string pending_;
  bool at_end_ = false;
};

}  // namespace cria::cli
