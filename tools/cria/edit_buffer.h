// A line of text while it is edited: what the keys do, without a terminal.
#pragma once

#include <string>
#include <string_view>

namespace cria::cli {

// The cursor stands between code points, counted in bytes.
class EditBuffer {
 public:
  const std::string& text() const { return text_; }
  size_t cursor() const { return cursor_; }
  bool at_end() const { return cursor_ == text_.size(); }

  // Replaces everything; the cursor goes to the end.
  void set(std::string text);
  void insert(std::string_view bytes);

  void left();
  void right();
  void home() { cursor_ = 0; }
  void end() { cursor_ = text_.size(); }

  void erase_before();
  void erase_after();
  void erase_word_before();
  void erase_to_home();
  void erase_to_end();

 private:
  size_t previous() const;
  size_t next() const;

  std::string text_;
  size_t cursor_ = 0;
};

}  // namespace cria::cli
