#include "verdict.h"

#include <algorithm>

#include "house/reply.h"

namespace cria::score {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The neighbours of a text that was found, as seen from one of its ends: edge is its own last
// character there, next and after what stands beyond.
bool is_end(char edge, char next, char after) {
  if (is_letter(edge)) return !is_letter(next) && !is_digit(next);
  if (is_digit(edge)) return !is_digit(next) && !(next == '.' && is_digit(after));
  return true;
}

// '\0' beyond the ends.
char at(std::string_view text, size_t i) { return i < text.size() ? text[i] : '\0'; }

}  // namespace

bool occurs(std::string_view words, std::string_view text) {
  const std::string haystack = lower(words);
  const std::string needle = lower(text);
  if (needle.empty()) return true;
  for (size_t i = haystack.find(needle); i != std::string::npos; i = haystack.find(needle, i + 1)) {
    const size_t end = i + needle.size();
    // Before the first character, i - 1 and i - 2 wrap to positions beyond the end.
    if (is_end(needle.back(), at(haystack, end), at(haystack, end + 1)) &&
        is_end(needle.front(), at(haystack, i - 1), at(haystack, i - 2))) {
      return true;
    }
  }
  return false;
}

namespace {

// What the words lack or should not say; "" where they are right.
std::string wrong_words(const TestCase& test, std::string_view words) {
  if (words.find_first_not_of(" \t\r\n") == std::string_view::npos) return "says nothing";
  for (const std::string& text : test.says) {
    if (!occurs(words, text)) return "does not say \"" + text + "\"";
  }
  for (const std::string& text : test.says_not) {
    if (occurs(words, text)) return "says \"" + text + "\"";
  }
  const auto said = [&](const std::string& text) { return occurs(words, text); };
  if (!test.says_any.empty() && std::none_of(test.says_any.begin(), test.says_any.end(), said)) {
    return "says none of says_any";
  }
  return "";
}

}  // namespace

Verdict judge(const TestCase& test, std::string_view text) {
  const house::Reply reply = house::split_reply(text);
  const Result<std::vector<house::Call>> calls = house::parse_calls(reply);
  Verdict verdict;
  verdict.has_block = reply.has_block;
  verdict.block_parses = calls.ok();
  const bool is_idle_block = reply.has_block && test.calls.empty();
  verdict.calls_right = calls.ok() && !is_idle_block && house::same_calls(*calls, test.calls);
  const std::string words = wrong_words(test, reply.says);
  verdict.words_right = words.empty();
  if (!calls.ok()) {
    verdict.reason = "block: " + calls.status().message();
  } else if (is_idle_block) {
    verdict.reason = "a block where no call is expected";
  } else if (!verdict.calls_right) {
    verdict.reason = "other calls";
  } else {
    verdict.reason = words;
  }
  return verdict;
}

}  // namespace cria::score
