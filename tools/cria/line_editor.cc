#include "line_editor.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cwchar>

#include "code_point.h"
#include "interrupt.h"
#include "terminal.h"

namespace cria::cli {
namespace {

constexpr int kEscapeWaitMs = 50;  // a lone Escape key sends nothing after it

// Bytes one by one and no echo; Ctrl-C and Ctrl-Z stay signals. TCSADRAIN keeps what was typed.
class KeyMode {
 public:
  KeyMode() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    changed_ = ::tcsetattr(STDIN_FILENO, TCSADRAIN, &keys) == 0;
  }
  ~KeyMode() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
  KeyMode(const KeyMode&) = delete;
  KeyMode& operator=(const KeyMode&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

int terminal_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// What stands for text on the screen: control characters would move the cursor.
std::string shown(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    if (byte == '\n') {
      out += "\xe2\x8f\x8e";  // U+23CE, the sign on the return key
    } else {
      out += static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F ? ' ' : byte;
    }
  }
  return out;
}

// Columns that the code point takes. wcwidth knows them where the locale is set.
int n_columns_of(const CodePoint& point) {
  if (point.n_bytes <= 1) return 1;
  const int width = ::wcwidth(static_cast<wchar_t>(point.value));
  return width < 0 ? 1 : width;
}

void append_move(std::string& drawing, int n, char direction) {
  if (n > 0) drawing.append("\x1b[").append(std::to_string(n)) += direction;
}

constexpr char ctrl(char letter) { return static_cast<char>(letter & 0x1F); }

struct Key {
  char key;
  void (EditBuffer::*edit)();
};
constexpr Key kKeys[] = {
    {ctrl('A'), &EditBuffer::home},
    {ctrl('B'), &EditBuffer::left},
    {ctrl('D'), &EditBuffer::erase_after},
    {ctrl('E'), &EditBuffer::end},
    {ctrl('F'), &EditBuffer::right},
    {ctrl('H'), &EditBuffer::erase_before},
    {ctrl('K'), &EditBuffer::erase_to_end},
    {ctrl('U'), &EditBuffer::erase_to_home},
    {ctrl('W'), &EditBuffer::erase_word_before},
    {'\x7F', &EditBuffer::erase_before},
};

// The control key that means the same as the sequence ESC [ parameter final_byte; 0 for none.
char key_of_escape(char final_byte, int parameter) {
  if (final_byte == '~') {
    constexpr std::array<char, 9> kNumbered = {0, ctrl('A'), 0,         ctrl('D'), ctrl('E'),
                                               0, 0,         ctrl('A'), ctrl('E')};
    return parameter < 9 ? kNumbered[static_cast<size_t>(parameter)] : '\0';
  }
  switch (final_byte) {
    case 'A':
      return ctrl('P');
    case 'B':
      return ctrl('N');
    case 'C':
      return ctrl('F');
    case 'D':
      return ctrl('B');
    case 'H':
      return ctrl('A');
    case 'F':
      return ctrl('E');
    default:
      return '\0';
  }
}

bool input_follows() {
  pollfd fd{STDIN_FILENO, POLLIN, 0};
  return ::poll(&fd, 1, kEscapeWaitMs) > 0;
}

}  // namespace

bool can_edit_lines() {
  const char* term = std::getenv("TERM");
  return stdin_is_terminal() && stdout_is_terminal() && term != nullptr && *term != '\0' &&
         std::string_view(term) != "dumb";
}

LineEditor::LineEditor(Output& out, std::string_view prompt,
                       const std::vector<std::string>& history)
    : out_(out),
      prompt_(prompt),
      history_(history),
      i_history_(history.size()),
      n_columns_(terminal_columns()) {}

ReadOutcome LineEditor::read_line(std::string* line) {
  // For wcwidth. Numbers keep their point: only the character type is set.
  std::setlocale(LC_CTYPE, "");
  const KeyMode key_mode;
  out_.write(prompt_);
  end_ = advance({}, prompt_);
  Next next = Next::go_on;
  while (next == Next::go_on) {
    char byte = 0;
    next = read_byte(&byte);
    if (next == Next::go_on) next = handle(byte);
  }
  if (!buffer_.at_end()) {
    buffer_.end();
    redraw();
  }
  if (next == Next::done) {
    out_.write("\n");
    *line = buffer_.text();
    return ReadOutcome::text;
  }
  if (next == Next::interrupted) return ReadOutcome::interrupted;
  return next == Next::end ? ReadOutcome::end : ReadOutcome::failed;
}

LineEditor::Next LineEditor::read_byte(char* byte) {
  while (true) {
    if (interrupted()) {
      clear_interrupt();
      return Next::interrupted;
    }
    const ssize_t n_read = ::read(STDIN_FILENO, byte, 1);
    if (n_read == 1) return Next::go_on;
    if (n_read == 0) return Next::end;
    if (errno != EINTR) return Next::failed;
  }
}

LineEditor::Next LineEditor::handle(char byte) {
  if (byte == '\n' || byte == '\r') return Next::done;
  if (byte == '\x1b') return handle_escape();
  const bool is_control = static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F;
  return is_control && byte != '\t' ? handle_control(byte) : insert(byte);
}

LineEditor::Next LineEditor::handle_control(char byte) {
  if (byte == ctrl('D') && buffer_.text().empty()) return Next::end;
  apply_key(byte);
  return Next::go_on;
}

void LineEditor::apply_key(char key) {
  if (key == ctrl('N') || key == ctrl('P')) recall(key == ctrl('N') ? +1 : -1);
  for (const Key& known : kKeys) {
    if (known.key == key) (buffer_.*known.edit)();
  }
  redraw();
}

// ESC [ 1 ; 5 D and the like: the first number and the final byte are what counts here.
LineEditor::Next LineEditor::handle_escape() {
  char byte = 0;
  if (!input_follows()) return Next::go_on;
  Next next = read_byte(&byte);
  if (next != Next::go_on || (byte != '[' && byte != 'O')) return next;
  int parameter = 0;
  bool in_first = true;
  while ((next = read_byte(&byte)) == Next::go_on && (byte < 0x40 || byte > 0x7E)) {
    if (byte < '0' || byte > '9') in_first = false;
    if (in_first && parameter < 1000) parameter = parameter * 10 + (byte - '0');
  }
  const char key = next == Next::go_on ? key_of_escape(byte, parameter) : '\0';
  if (key != '\0') apply_key(key);
  return next;
}

LineEditor::Next LineEditor::insert(char lead) {
  std::string bytes(1, lead);
  while (bytes.size() < n_bytes_from_lead(lead)) {
    char byte = 0;
    const Next next = read_byte(&byte);
    if (next != Next::go_on) return next;
    bytes += byte;
  }
  const bool appended = buffer_.at_end();
  buffer_.insert(bytes);
  end_ = advance(end_, shown(bytes));
  if (appended && end_.column > 0) {
    out_.write(shown(bytes));  // nothing else on the screen has changed
    cursor_row_ = end_.row;
  } else {
    redraw();
  }
  return Next::go_on;
}

void LineEditor::recall(int step) {
  if ((step < 0 && i_history_ == 0) || (step > 0 && i_history_ == history_.size())) return;
  if (i_history_ == history_.size()) typed_ = buffer_.text();
  i_history_ = step < 0 ? i_history_ - 1 : i_history_ + 1;
  buffer_.set(i_history_ == history_.size() ? typed_ : history_[i_history_]);
}

LineEditor::Position LineEditor::advance(Position from, std::string_view text) const {
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const int width = n_columns_of(point);
    if (from.column + width > n_columns_) from = {from.row + 1, 0};
    from.column += width;
    text.remove_prefix(point.n_bytes == 0 ? 1 : point.n_bytes);
  }
  // After the last column the next character stands on the next row.
  if (from.column >= n_columns_) from = {from.row + 1, 0};
  return from;
}

void LineEditor::redraw() {
  const std::string before = shown(buffer_.text().substr(0, buffer_.cursor()));
  const std::string after = shown(buffer_.text().substr(buffer_.cursor()));
  const Position cursor = advance(advance({}, prompt_), before);
  end_ = advance(cursor, after);
  std::string drawing;
  append_move(drawing, cursor_row_, 'A');
  drawing.append("\r\x1b[J").append(prompt_).append(before).append(after);
  // The cursor waits behind a full last column; a blank takes it to the next row.
  if (end_.column == 0) drawing += " ";
  drawing += '\r';
  append_move(drawing, end_.row - cursor.row, 'A');
  append_move(drawing, cursor.column, 'C');
  out_.write(drawing);
  cursor_row_ = cursor.row;
}

}  // namespace cria::cli
