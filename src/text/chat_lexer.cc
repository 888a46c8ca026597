// Tokens of a chat template. Knows nothing of expressions: that is chat_parser.cc.
#include "text/chat_lexer.h"

#include <array>
#include <cstdint>
#include <utility>

#include "base/str_cat.h"
#include "text/utf8.h"

namespace cria::text {
namespace {

using TokenKind = JinjaToken::Kind;

// Templates in use have at most some 1,000 tokens and names of 30 bytes. The limits bound what the
// tokens and the tree made of them take in memory, and the time to compare a name.
constexpr size_t kMaxTokens = 32768;
constexpr size_t kMaxNameBytes = 128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_space(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

// Every kind of line end becomes "\n", and the last one is dropped.
std::string normalize_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalize_newlines(source)) {}

  Status run() {
    while (at_ < source_.size()) CRIA_RETURN_IF_ERROR(lex_text_and_tag());
    CRIA_RETURN_IF_ERROR(check_size());
    push(TokenKind::end, "");
    return {};
  }
  std::vector<JinjaToken> take() { return std::move(tokens_); }

 private:
  enum class Tag { output, block, comment };

  std::string_view rest() const { return std::string_view(source_).substr(at_); }
  bool next_is(std::string_view text) const { return rest().starts_with(text); }
  void push(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }
  Status error(std::string_view what) const { return unsupported("line ", line_, ": ", what); }

  Status check_size() const {
    return tokens_.size() <= kMaxTokens
               ? Status()
               : error(str_cat("more than ", kMaxTokens, " words and signs"));
  }

  void advance(size_t n_bytes) {
    for (size_t i = 0; i < n_bytes; ++i) line_ += source_[at_ + i] == '\n';
    at_ += n_bytes;
  }

  Status lex_text_and_tag() {
    size_t begin = at_;
    while (begin < source_.size() && !starts_tag(begin)) ++begin;
    std::string_view text = rest().substr(0, begin - at_);
    if (begin == source_.size()) {
      push(TokenKind::text, std::string(text));
      advance(text.size());
      return {};
    }
    const char kind = source_[begin + 1];
    const Tag tag = kind == '{' ? Tag::output : kind == '%' ? Tag::block : Tag::comment;
    const char sign = begin + 2 < source_.size() ? source_[begin + 2] : ' ';
    const size_t n_text_bytes = text.size();
    if (sign == '-') {
      text = strip_space_right(text);
    } else if (sign != '+' && tag != Tag::output) {
      text = without_indent(text);
    }
    if (!text.empty()) push(TokenKind::text, std::string(text));
    advance(n_text_bytes + 2 + (sign == '-' || sign == '+'));
    line_starting_ = false;
    return tag == Tag::comment ? skip_comment() : lex_tag(tag);
  }

  bool starts_tag(size_t i) const {
    if (source_[i] != '{' || i + 1 >= source_.size()) return false;
    return source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#';
  }

  // lstrip_blocks: spaces between the start of a line and a tag are dropped.
  std::string_view without_indent(std::string_view text) const {
    const size_t newline = text.rfind('\n');
    if (newline == std::string_view::npos && !line_starting_) return text;
    const size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
    const bool blank = strip_space_left(text.substr(line_begin)).empty();
    return blank ? text.substr(0, line_begin) : text;
  }

  // What follows the end of a tag: all white space after "-", one newline after a block.
  void finish_tag(char sign, bool trims_newline) {
    const size_t before = at_;
    if (sign == '-') {
      advance(rest().size() - strip_space_left(rest()).size());
    } else if (sign != '+' && trims_newline && next_is("\n")) {
      advance(1);
    }
    line_starting_ = at_ > before && source_[at_ - 1] == '\n';
  }

  Status skip_comment() {
    const size_t found = source_.find("#}", at_);
    if (found == std::string::npos) return error("a comment does not end");
    char sign = found > at_ ? source_[found - 1] : ' ';
    if (sign != '-' && sign != '+') sign = ' ';
    advance(found + 2 - at_);
    finish_tag(sign, true);
    return {};
  }

  Status lex_tag(Tag tag) {
    push(tag == Tag::output ? TokenKind::output_begin : TokenKind::block_begin, "");
    brackets_.clear();
    while (true) {
      while (at_ < source_.size() && is_ascii_space(source_[at_])) advance(1);
      if (at_ >= source_.size()) return error("a tag does not end");
      if (brackets_.empty() && lex_tag_end(tag)) return {};
      CRIA_RETURN_IF_ERROR(lex_one());
      CRIA_RETURN_IF_ERROR(check_size());
    }
  }

  bool lex_tag_end(Tag tag) {
    const std::string_view end = tag == Tag::output ? "}}" : "%}";
    const bool has_sign = next_is("-") || (next_is("+") && tag == Tag::block);
    if (!rest().substr(has_sign).starts_with(end)) return false;
    const char sign = has_sign ? source_[at_] : ' ';
    push(tag == Tag::output ? TokenKind::output_end : TokenKind::block_end, "");
    advance(2 + has_sign);
    finish_tag(sign, tag == Tag::block);
    return true;
  }

  Status lex_one() {
    const char c = source_[at_];
    if (is_name_start(c)) return lex_name();
    if (is_digit(c)) return lex_number();
    if (c == '\'' || c == '"') return lex_string(c);
    return lex_operator();
  }

  Status lex_name() {
    size_t n = 1;
    while (n < rest().size() && (is_name_start(rest()[n]) || is_digit(rest()[n]))) ++n;
    if (n > kMaxNameBytes) return error("a name that is too long");
    push(TokenKind::name, std::string(rest().substr(0, n)));
    advance(n);
    return {};
  }

  Status lex_number() {
    size_t n = 1;
    while (n < rest().size() && is_digit(rest()[n])) ++n;
    const bool fraction = n + 1 < rest().size() && rest()[n] == '.' && is_digit(rest()[n + 1]);
    if (fraction) {
      ++n;
      while (n < rest().size() && is_digit(rest()[n])) ++n;
    }
    if (n < rest().size() && is_name_start(rest()[n])) return error("a number of unknown form");
    push(fraction ? TokenKind::fraction : TokenKind::integer, std::string(rest().substr(0, n)));
    advance(n);
    return {};
  }

  Status lex_operator() {
    static constexpr std::array<std::string_view, 6> kDouble = {"//", "**", "==", "!=", ">=", "<="};
    std::string_view op = rest().substr(0, 1);
    for (std::string_view candidate : kDouble) {
      if (next_is(candidate)) op = candidate;
    }
    if (op.size() == 1 &&
        std::string_view("+-*/%~()[]{}<>=.:|,").find(op) == std::string_view::npos) {
      return error(str_cat("a tag holds ", quoted(op)));
    }
    if (op == "(" || op == "[" || op == "{") brackets_ += op;
    if (op == ")" || op == "]" || op == "}") CRIA_RETURN_IF_ERROR(close_bracket(op[0]));
    push(TokenKind::op, std::string(op));
    advance(op.size());
    return {};
  }

  Status close_bracket(char closing) {
    const char opening = closing == ')' ? '(' : closing == ']' ? '[' : '{';
    if (brackets_.empty() || brackets_.back() != opening) return error("brackets do not match");
    brackets_.pop_back();
    return {};
  }

  Status lex_string(char quote) {
    std::string value;
    const int line = line_;
    advance(1);
    while (true) {
      if (at_ >= source_.size()) return error("a string does not end");
      const char c = source_[at_];
      if (c == quote) break;
      if (c == '\\') {
        CRIA_RETURN_IF_ERROR(lex_escape(value));
      } else {
        value += c;
        advance(1);
      }
    }
    advance(1);
    tokens_.push_back({TokenKind::string, std::move(value), line});
    return {};
  }

  Status lex_escape(std::string& value) {
    if (rest().size() < 2) return error("a string does not end");
    const char c = rest()[1];
    static constexpr std::string_view kNames = "ntrabfv\\'\"";
    static constexpr std::string_view kValues = "\n\t\r\a\b\f\v\\'\"";
    const size_t i = kNames.find(c);
    if (i != std::string_view::npos) {
      value += kValues[i];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      return lex_code_point(c == 'x' ? 2 : c == 'u' ? 4 : 8, value);
    } else if (is_digit(c) || c == 'N' || static_cast<unsigned char>(c) >= 0x80) {
      return error("an escape of unknown form");
    } else if (c != '\n') {  // a backslash before a line end joins the lines
      value += '\\';         // before any other character it stands for itself
      value += c;
    }
    advance(2);
    return {};
  }

  Status lex_code_point(size_t n_digits, std::string& value) {
    uint32_t code_point = 0;
    for (size_t i = 2; i < 2 + n_digits; ++i) {
      const int digit = i < rest().size() ? hex_value(rest()[i]) : -1;
      if (digit < 0) return error("an escape of unknown form");
      code_point = code_point << 4 | static_cast<uint32_t>(digit);
    }
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (surrogate || code_point > 0x10FFFF) return error("an escape of unknown form");
    append_utf8(code_point, value);
    advance(2 + n_digits);
    return {};
  }

  std::string source_;
  size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;  // the tag or text before ended with a newline
  std::string brackets_;       // open inside the tag
  std::vector<JinjaToken> tokens_;
};

}  // namespace

std::string_view strip_space_left(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (!step.valid || !is_space(step.code_point)) break;
    text.remove_prefix(step.n_bytes);
  }
  return text;
}

std::string_view strip_space_right(std::string_view text) {
  while (!text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && text.size() - begin < 4 && (text[begin] & 0xC0) == 0x80) --begin;
    const Utf8Step step = utf8_step(text.substr(begin));
    if (!step.valid || begin + step.n_bytes != text.size() || !is_space(step.code_point)) break;
    text = text.substr(0, begin);
  }
  return text;
}

Result<std::vector<JinjaToken>> tokenize_jinja(std::string_view source) {
  Lexer lexer(source);
  CRIA_RETURN_IF_ERROR(lexer.run());
  return lexer.take();
}

}  // namespace cria::text
