// A chat template as a tree. Everything is parsed, also what chat_eval.cc cannot evaluate, because
// real templates keep such things (tools) in branches that plain conversations never enter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"

namespace cria::text {

struct JinjaExpr {
  enum class Kind {
    string,   // text
    integer,  // number
    boolean,  // number
    none,
    list,         // children
    name,         // text
    attribute,    // children[0].text
    subscript,    // children[0][children[1]]
    slice,        // children[0][children[1]:children[2]:children[3]], absent ones of kind none
    call,         // children[0](the rest)
    filter,       // children[0] | text(the rest)
    test,         // children[0] is text(the rest)
    logical_not,  // children[0]
    negative,     // children[0]
    logical_and,  // two children
    logical_or,
    binary,       // text: + - * // % ~ == != < > <= >= in
    conditional,  // children[0] if children[1] else children[2], which may be absent
    unknown,      // text says what: a construct that has no evaluation here
  };
  Kind kind = Kind::none;
  int line = 0;
  std::string text = {};
  int64_t number = 0;
  std::vector<JinjaExpr> children = {};
  std::vector<std::string> keywords = {};  // call, filter, test: names of the last arguments
  int depth = 1;                           // of this tree
};

struct JinjaStmt;
using JinjaBlock = std::vector<JinjaStmt>;

struct JinjaStmt {
  enum class Kind {
    text,      // text
    output,    // exprs[0]
    if_chain,  // exprs[i] guards blocks[i]; one more block is the else
    for_loop,  // names in exprs[0], only where exprs[1] (if present); blocks: body, else
    set,       // names[0], or names[0].names[1] of a namespace, = exprs[0]
    macro,     // names[0]: known to exist, never called
    group,     // blocks[0]
  };
  Kind kind = Kind::text;
  int line = 0;
  std::string text = {};
  std::vector<std::string> names = {};
  std::vector<JinjaExpr> exprs = {};
  std::vector<JinjaBlock> blocks = {};
};

// Limits    source of 1 MiB and the lexer's limits; tags and brackets nested 50 deep; trees 100
// deep: neither parsing nor
//           evaluation can exhaust the stack
// Errors    unsupported, with the line: a tag that is not known, a syntax error, a limit passed
Result<JinjaBlock> parse_jinja(std::string_view source);

}  // namespace cria::text
