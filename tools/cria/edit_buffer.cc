#include "edit_buffer.h"

#include <utility>

#include "code_point.h"

namespace cria::cli {

void EditBuffer::set(std::string text) {
  text_ = std::move(text);
  end();
}

void EditBuffer::insert(std::string_view bytes) {
  text_.insert(cursor_, bytes);
  cursor_ += bytes.size();
}

size_t EditBuffer::previous() const {
  size_t i = cursor_;
  if (i > 0) --i;
  while (i > 0 && is_continuation_byte(text_[i])) --i;
  return i;
}

size_t EditBuffer::next() const {
  size_t i = cursor_;
  if (i < text_.size()) ++i;
  while (i < text_.size() && is_continuation_byte(text_[i])) ++i;
  return i;
}

void EditBuffer::left() { cursor_ = previous(); }

void EditBuffer::right() { cursor_ = next(); }

void EditBuffer::erase_before() {
  const size_t begin = previous();
  text_.erase(begin, cursor_ - begin);
  cursor_ = begin;
}

void EditBuffer::erase_after() { text_.erase(cursor_, next() - cursor_); }

void EditBuffer::erase_word_before() {
  size_t begin = cursor_;
  while (begin > 0 && text_[begin - 1] == ' ') --begin;
  while (begin > 0 && text_[begin - 1] != ' ') --begin;
  text_.erase(begin, cursor_ - begin);
  cursor_ = begin;
}

void EditBuffer::erase_to_home() {
  text_.erase(0, cursor_);
  cursor_ = 0;
}

void EditBuffer::erase_to_end() { text_.erase(cursor_); }

}  // namespace cria::cli
