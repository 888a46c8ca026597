// Jinja source to tokens, with the whitespace rules under which chat templates are written:
// trim_blocks and lstrip_blocks on, one newline at the end of the source dropped.
// Source: Jinja's template designer documentation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"

namespace cria::text {

struct JinjaToken {
  enum class Kind {
    text,          // literal output between tags
    output_begin,  // {{
    output_end,
    block_begin,  // {%
    block_end,
    name,
    string,   // text holds the value, escapes resolved
    integer,  // text holds the digits
    fraction,
    op,
    end,  // of the source; always the last token
  };
  Kind kind = Kind::end;
  std::string text;
  int line = 0;
};

// Errors: unsupported, with the line, for bytes that form no token, for more than 32,768 tokens and
// for a name of more than 128 bytes. Comments leave no token.
Result<std::vector<JinjaToken>> tokenize_jinja(std::string_view source);

// Without the white space that Python's str.strip() knows (Unicode's, and four separators).
std::string_view strip_space_left(std::string_view text);
std::string_view strip_space_right(std::string_view text);

}  // namespace cria::text
