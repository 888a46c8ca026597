// Recursive descent over chat_lexer's tokens, in the precedence order of Jinja's own grammar.
#include "text/chat_parser.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "base/str_cat.h"
#include "text/chat_lexer.h"

namespace cria::text {
namespace {

using Expr = JinjaExpr;
using Stmt = JinjaStmt;
using Kind = JinjaExpr::Kind;
using Token = JinjaToken;

constexpr size_t kMaxSourceBytes = 1 << 20;
constexpr int kMaxDepth = 100;   // of a tree
constexpr int kMaxNesting = 50;  // of tags and brackets

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Status parse_template(JinjaBlock& out) {
    CRIA_RETURN_IF_ERROR(parse_block({}, out));
    if (token().kind != Token::Kind::end) return error("a tag that closes nothing");
    return {};
  }

 private:
  // Counts the nesting of the parser's own calls.
  class Nesting {
   public:
    explicit Nesting(int& depth) : depth_(depth) { ++depth_; }
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    int& depth_;
  };

  const Token& token(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool is_op(std::string_view op) const {
    return token().kind == Token::Kind::op && token().text == op;
  }
  bool is_name(std::string_view name, size_t ahead = 0) const {
    return token(ahead).kind == Token::Kind::name && token(ahead).text == name;
  }
  bool is_any_name(std::initializer_list<std::string_view> names) const {
    return std::any_of(names.begin(), names.end(), [&](auto name) { return is_name(name); });
  }
  bool take_op(std::string_view op) {
    const bool found = is_op(op);
    at_ += found;
    return found;
  }
  bool take_name(std::string_view name) {
    const bool found = is_name(name);
    at_ += found;
    return found;
  }
  Status error(std::string_view what) const {
    return unsupported("line ", token().line, ": ", what);
  }
  Status expect_op(std::string_view op) {
    return take_op(op) ? Status() : error(str_cat("no ", quoted(op), " where it has to stand"));
  }
  Status expect_name(std::string& out) {
    if (token().kind != Token::Kind::name) return error("no name where it has to stand");
    out = tokens_[at_++].text;
    return {};
  }
  Status expect_block_end() {
    if (token().kind != Token::Kind::block_end) return error("a tag of unknown form");
    ++at_;
    return {};
  }

  // --- statements ---

  // Up to a tag that starts with one of `ends`, whose name is then the next token.
  Status parse_block(std::initializer_list<std::string_view> ends, JinjaBlock& out) {
    const Nesting nesting(depth_);
    if (depth_ > kMaxNesting) return error("nested too deeply");
    while (token().kind != Token::Kind::end) {
      if (token().kind == Token::Kind::block_begin) {
        ++at_;
        if (is_any_name(ends)) return {};
        CRIA_RETURN_IF_ERROR(parse_tag(out));
      } else if (token().kind == Token::Kind::text) {
        out.push_back({.kind = Stmt::Kind::text, .line = token().line, .text = token().text});
        ++at_;
      } else {
        CRIA_RETURN_IF_ERROR(parse_output(out));
      }
    }
    return ends.size() == 0 ? Status() : error("a tag is not closed at the end of the template");
  }

  Status parse_output(JinjaBlock& out) {
    Stmt stmt{.kind = Stmt::Kind::output, .line = token().line};
    ++at_;
    CRIA_RETURN_IF_ERROR(parse_into(stmt.exprs));
    if (token().kind != Token::Kind::output_end) return error("an expression of unknown form");
    ++at_;
    out.push_back(std::move(stmt));
    return {};
  }

  Status parse_tag(JinjaBlock& out) {
    Stmt stmt{.line = token().line};
    if (take_name("if")) {
      CRIA_RETURN_IF_ERROR(parse_if(stmt));
    } else if (take_name("for")) {
      CRIA_RETURN_IF_ERROR(parse_for(stmt));
    } else if (take_name("set")) {
      CRIA_RETURN_IF_ERROR(parse_set(stmt));
    } else if (take_name("macro")) {
      CRIA_RETURN_IF_ERROR(parse_macro(stmt));
    } else if (take_name("generation")) {
      stmt.kind = Stmt::Kind::group;
      CRIA_RETURN_IF_ERROR(parse_body(stmt, {"endgeneration"}));
      CRIA_RETURN_IF_ERROR(expect_end_tag());
    } else {
      return error(str_cat("the tag ", quoted(token().text)));
    }
    out.push_back(std::move(stmt));
    return {};
  }

  Status parse_body(Stmt& stmt, std::initializer_list<std::string_view> ends) {
    CRIA_RETURN_IF_ERROR(expect_block_end());
    JinjaBlock block;
    CRIA_RETURN_IF_ERROR(parse_block(ends, block));
    stmt.blocks.push_back(std::move(block));
    return {};
  }

  // "endif %}", already found to be the one that closes.
  Status expect_end_tag() {
    ++at_;
    return expect_block_end();
  }

  Status parse_if(Stmt& stmt) {
    stmt.kind = Stmt::Kind::if_chain;
    do {
      CRIA_RETURN_IF_ERROR(parse_guard(stmt.exprs));
      CRIA_RETURN_IF_ERROR(parse_body(stmt, {"elif", "else", "endif"}));
    } while (take_name("elif"));
    if (take_name("else")) CRIA_RETURN_IF_ERROR(parse_body(stmt, {"endif"}));
    return expect_end_tag();
  }

  Status parse_for(Stmt& stmt) {
    stmt.kind = Stmt::Kind::for_loop;
    do {
      CRIA_RETURN_IF_ERROR(expect_name(stmt.names.emplace_back()));
    } while (take_op(","));
    if (!take_name("in")) return error("a loop of unknown form");
    CRIA_RETURN_IF_ERROR(parse_guard(stmt.exprs));
    if (take_name("if")) CRIA_RETURN_IF_ERROR(parse_into(stmt.exprs));
    CRIA_RETURN_IF_ERROR(parse_body(stmt, {"else", "endfor"}));
    if (take_name("else")) CRIA_RETURN_IF_ERROR(parse_body(stmt, {"endfor"}));
    return expect_end_tag();
  }

  Status parse_set(Stmt& stmt) {
    stmt.kind = Stmt::Kind::set;
    CRIA_RETURN_IF_ERROR(expect_name(stmt.names.emplace_back()));
    if (take_op(".")) CRIA_RETURN_IF_ERROR(expect_name(stmt.names.emplace_back()));
    CRIA_RETURN_IF_ERROR(expect_op("="));
    CRIA_RETURN_IF_ERROR(parse_into(stmt.exprs));
    return expect_block_end();
  }

  // The body is parsed for its end and dropped: a call of it has no evaluation here.
  Status parse_macro(Stmt& stmt) {
    stmt.kind = Stmt::Kind::macro;
    CRIA_RETURN_IF_ERROR(expect_name(stmt.names.emplace_back()));
    while (token().kind != Token::Kind::block_end && token().kind != Token::Kind::end) ++at_;
    CRIA_RETURN_IF_ERROR(parse_body(stmt, {"endmacro"}));
    stmt.blocks.clear();
    ++at_;
    if (token().kind == Token::Kind::name) ++at_;  // "endmacro name"
    return expect_block_end();
  }

  // --- expressions, loosest binding first ---

  Status parse_into(std::vector<Expr>& out) {
    CRIA_RETURN_IF_ERROR(parse_expr(out.emplace_back()));
    return is_op(",") ? error("a tuple") : Status();
  }

  // A condition of if or for: Jinja allows no "x if y" there.
  Status parse_guard(std::vector<Expr>& out) { return parse_or(out.emplace_back()); }

  // Makes `out` a node above what it holds now.
  void wrap(Kind kind, std::string text, Expr& out) const {
    Expr node{.kind = kind, .line = token().line, .text = std::move(text)};
    node.depth = out.depth + 1;
    node.children.push_back(std::move(out));
    out = std::move(node);
  }
  Status add_child(Expr& node, Expr child) const {
    node.depth = std::max(node.depth, child.depth + 1);
    node.children.push_back(std::move(child));
    return node.depth > kMaxDepth ? error("nested too deeply") : Status();
  }

  using Rule = Status (Parser::*)(Expr&);
  Status parse_right_side(Kind kind, std::string text, Rule rule, Expr& out) {
    wrap(kind, std::move(text), out);
    Expr right;
    CRIA_RETURN_IF_ERROR((this->*rule)(right));
    return add_child(out, std::move(right));
  }

  Status parse_expr(Expr& out) {
    const Nesting nesting(depth_);
    if (depth_ > kMaxNesting) return error("nested too deeply");
    CRIA_RETURN_IF_ERROR(parse_or(out));
    while (take_name("if")) {
      CRIA_RETURN_IF_ERROR(parse_right_side(Kind::conditional, "", &Parser::parse_or, out));
      if (!take_name("else")) continue;
      Expr otherwise;
      CRIA_RETURN_IF_ERROR(parse_expr(otherwise));
      CRIA_RETURN_IF_ERROR(add_child(out, std::move(otherwise)));
    }
    return {};
  }

  Status parse_or(Expr& out) {
    CRIA_RETURN_IF_ERROR(parse_and(out));
    while (take_name("or")) {
      CRIA_RETURN_IF_ERROR(parse_right_side(Kind::logical_or, "", &Parser::parse_and, out));
    }
    return {};
  }

  Status parse_and(Expr& out) {
    CRIA_RETURN_IF_ERROR(parse_not(out));
    while (take_name("and")) {
      CRIA_RETURN_IF_ERROR(parse_right_side(Kind::logical_and, "", &Parser::parse_not, out));
    }
    return {};
  }

  Status parse_not(Expr& out) {
    if (!take_name("not")) return parse_comparison(out);
    const Nesting nesting(depth_);
    if (depth_ > kMaxNesting) return error("nested too deeply");
    CRIA_RETURN_IF_ERROR(parse_not(out));
    wrap(Kind::logical_not, "", out);
    return {};
  }

  Status parse_comparison(Expr& out) {
    CRIA_RETURN_IF_ERROR(parse_sum(out));
    if (is_name("not") && is_name("in", 1)) {
      at_ += 2;
      CRIA_RETURN_IF_ERROR(parse_right_side(Kind::binary, "in", &Parser::parse_sum, out));
      wrap(Kind::logical_not, "", out);
    } else if (take_name("in")) {
      CRIA_RETURN_IF_ERROR(parse_right_side(Kind::binary, "in", &Parser::parse_sum, out));
    } else if (is_comparison()) {
      const std::string op = tokens_[at_++].text;
      CRIA_RETURN_IF_ERROR(parse_right_side(Kind::binary, op, &Parser::parse_sum, out));
    }
    return is_comparison() || is_name("in") ? error("a chain of comparisons") : Status();
  }
  bool is_comparison() const {
    return is_op("==") || is_op("!=") || is_op("<") || is_op(">") || is_op("<=") || is_op(">=");
  }

  Status parse_sum(Expr& out) {
    CRIA_RETURN_IF_ERROR(parse_concatenation(out));
    while (is_op("+") || is_op("-")) {
      const std::string op = tokens_[at_++].text;
      CRIA_RETURN_IF_ERROR(parse_right_side(Kind::binary, op, &Parser::parse_concatenation, out));
    }
    return {};
  }

  Status parse_concatenation(Expr& out) {
    CRIA_RETURN_IF_ERROR(parse_product(out));
    while (take_op("~")) {
      CRIA_RETURN_IF_ERROR(parse_right_side(Kind::binary, "~", &Parser::parse_product, out));
    }
    return {};
  }

  Status parse_product(Expr& out) {
    CRIA_RETURN_IF_ERROR(parse_unary(out));
    while (is_op("*") || is_op("/") || is_op("//") || is_op("%")) {
      const std::string op = tokens_[at_++].text;
      CRIA_RETURN_IF_ERROR(parse_right_side(Kind::binary, op, &Parser::parse_unary, out));
    }
    return {};
  }

  Status parse_unary(Expr& out) {
    if (take_op("-")) {
      CRIA_RETURN_IF_ERROR(parse_primary(out));
      CRIA_RETURN_IF_ERROR(parse_postfix(out));
      wrap(Kind::negative, "", out);
    } else {
      CRIA_RETURN_IF_ERROR(parse_primary(out));
      CRIA_RETURN_IF_ERROR(parse_postfix(out));
    }
    return parse_filters_and_tests(out);
  }

  Status parse_primary(Expr& out) {
    out.line = token().line;
    switch (token().kind) {
      case Token::Kind::name:
        return parse_name(out);
      case Token::Kind::string:
        return parse_string(out);
      case Token::Kind::integer:
        return parse_integer(out);
      case Token::Kind::fraction:
        out.kind = Kind::unknown;
        out.text = "a fraction";
        ++at_;
        return {};
      default:
        break;
    }
    if (take_op("(")) {
      CRIA_RETURN_IF_ERROR(parse_expr(out));
      return is_op(",") ? error("a tuple") : expect_op(")");
    }
    if (take_op("[")) return parse_list(out);
    if (take_op("{")) return parse_dictionary(out);
    return error("an expression of unknown form");
  }

  Status parse_name(Expr& out) {
    const std::string& name = token().text;
    if (name == "true" || name == "True" || name == "false" || name == "False") {
      out.kind = Kind::boolean;
      out.number = name[0] == 't' || name[0] == 'T';
    } else if (name == "none" || name == "None") {
      out.kind = Kind::none;
    } else {
      out.kind = Kind::name;
      out.text = name;
    }
    ++at_;
    return {};
  }

  Status parse_string(Expr& out) {
    out.kind = Kind::string;
    while (token().kind == Token::Kind::string) out.text += tokens_[at_++].text;
    return {};
  }

  Status parse_integer(Expr& out) {
    out.kind = Kind::integer;
    const std::string& digits = token().text;
    const auto end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, out.number).ec != std::errc()) {
      return error("a number that is too large");
    }
    ++at_;
    return {};
  }

  Status parse_list(Expr& out) {
    out.kind = Kind::list;
    while (!take_op("]")) {
      Expr item;
      CRIA_RETURN_IF_ERROR(parse_expr(item));
      CRIA_RETURN_IF_ERROR(add_child(out, std::move(item)));
      if (!is_op("]")) CRIA_RETURN_IF_ERROR(expect_op(","));
    }
    return {};
  }

  Status parse_dictionary(Expr& out) {
    while (!take_op("}")) {
      Expr ignored;
      CRIA_RETURN_IF_ERROR(parse_expr(ignored));
      CRIA_RETURN_IF_ERROR(expect_op(":"));
      ignored = {};
      CRIA_RETURN_IF_ERROR(parse_expr(ignored));
      if (!is_op("}")) CRIA_RETURN_IF_ERROR(expect_op(","));
    }
    out.kind = Kind::unknown;
    out.text = "a dictionary";
    return {};
  }

  Status parse_postfix(Expr& out) {
    while (true) {
      if (take_op(".")) {
        if (token().kind != Token::Kind::name) return error("an attribute of unknown form");
        wrap(Kind::attribute, token().text, out);
        ++at_;
      } else if (take_op("[")) {
        CRIA_RETURN_IF_ERROR(parse_subscript(out));
      } else if (take_op("(")) {
        wrap(Kind::call, "", out);
        CRIA_RETURN_IF_ERROR(parse_arguments(out));
      } else {
        return {};
      }
      if (out.depth > kMaxDepth) return error("nested too deeply");
    }
  }

  Status parse_subscript(Expr& out) {
    wrap(Kind::subscript, "", out);
    Expr parts[3];
    size_t n_colons = 0;
    while (!is_op("]")) {
      if (take_op(":")) {
        if (++n_colons > 2) return error("a slice of unknown form");
        continue;
      }
      CRIA_RETURN_IF_ERROR(parse_expr(parts[n_colons]));
      if (!is_op("]") && !is_op(":")) return error("a subscript of unknown form");
    }
    ++at_;
    if (n_colons > 0) out.kind = Kind::slice;
    const size_t n_parts = n_colons > 0 ? 3 : 1;
    for (size_t i = 0; i < n_parts; ++i) CRIA_RETURN_IF_ERROR(add_child(out, std::move(parts[i])));
    return {};
  }

  // After "(": arguments into out's children, keywords last.
  Status parse_arguments(Expr& out) {
    while (!take_op(")")) {
      if (token().kind == Token::Kind::name && token(1).kind == Token::Kind::op &&
          token(1).text == "=") {
        out.keywords.push_back(token().text);
        at_ += 2;
      } else if (!out.keywords.empty()) {
        return error("an argument after keywords");
      }
      Expr argument;
      CRIA_RETURN_IF_ERROR(parse_expr(argument));
      CRIA_RETURN_IF_ERROR(add_child(out, std::move(argument)));
      if (!is_op(")")) CRIA_RETURN_IF_ERROR(expect_op(","));
    }
    return {};
  }

  Status parse_filters_and_tests(Expr& out) {
    while (true) {
      if (take_op("|")) {
        std::string name;
        CRIA_RETURN_IF_ERROR(expect_name(name));
        wrap(Kind::filter, name, out);
        if (take_op("(")) CRIA_RETURN_IF_ERROR(parse_arguments(out));
      } else if (take_name("is")) {
        CRIA_RETURN_IF_ERROR(parse_test(out));
      } else if (take_op("(")) {
        wrap(Kind::call, "", out);
        CRIA_RETURN_IF_ERROR(parse_arguments(out));
      } else {
        return {};
      }
      if (out.depth > kMaxDepth) return error("nested too deeply");
    }
  }

  Status parse_test(Expr& out) {
    const bool negated = take_name("not");
    std::string name;
    CRIA_RETURN_IF_ERROR(expect_name(name));
    wrap(Kind::test, name, out);
    const bool starts_argument =
        token().kind == Token::Kind::string || token().kind == Token::Kind::integer || is_op("[") ||
        (token().kind == Token::Kind::name && !is_any_name({"else", "or", "and"}));
    if (take_op("(")) {
      CRIA_RETURN_IF_ERROR(parse_arguments(out));
    } else if (starts_argument) {
      Expr argument;
      CRIA_RETURN_IF_ERROR(parse_primary(argument));
      CRIA_RETURN_IF_ERROR(parse_postfix(argument));
      CRIA_RETURN_IF_ERROR(add_child(out, std::move(argument)));
    }
    if (negated) wrap(Kind::logical_not, "", out);
    return {};
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<JinjaBlock> parse_jinja(std::string_view source) {
  if (source.size() > kMaxSourceBytes) {
    return unsupported("it is ", source.size(), " bytes long; the limit is ", kMaxSourceBytes);
  }
  auto tokens = tokenize_jinja(source);
  if (!tokens.ok()) return tokens.status();
  JinjaBlock block;
  CRIA_RETURN_IF_ERROR(Parser(std::move(*tokens)).parse_template(block));
  return block;
}

}  // namespace cria::text
