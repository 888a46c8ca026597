// A walk over the tree, with one frame of names for the template and one for each pass of a loop.
#include "text/chat_eval.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/str_cat.h"
#include "text/chat_builtins.h"

namespace cria::text {
namespace {

using Expr = JinjaExpr;
using Stmt = JinjaStmt;
using Kind = JinjaExpr::Kind;
using Value = JinjaValue;

constexpr int64_t kMaxRange = 100000;
// Lookups go through them one by one. Templates in use set about a dozen.
constexpr size_t kMaxNames = 256;
// What a namespace and a part of one take in memory, about.
constexpr size_t kNamespaceBytes = 64;
constexpr size_t kPartBytes = 160;

// What a loop's body sees as "loop".
struct Loop {
  const JinjaList* items;
  size_t index;
};

// The names set at one level: the template's, or one pass through a loop.
struct Frame {
  std::vector<std::pair<std::string, Value>> names;
  const Loop* loop = nullptr;
};

// Variables that a renderer with the whole tokenizer at hand would pass and that are not known
// here.
bool is_missing_input(std::string_view name) {
  return name == "unk_token" || name == "pad_token" || name == "sep_token" || name == "cls_token" ||
         name == "mask_token" || name == "additional_special_tokens";
}

bool makes_generator(const Expr& expr) {
  return expr.kind == Kind::filter && (expr.text == "selectattr" || expr.text == "rejectattr");
}

class Evaluator {
 public:
  Evaluator(const JinjaInputs& inputs, std::string& out)
      : inputs_(inputs), out_(out), budget_(inputs.budget) {
    JinjaList messages;
    for (const ChatMessage& message : inputs.messages) messages.push_back({&message});
    const ChatContext& context = inputs.context;
    auto& names = frames_.emplace_back().names;
    names.emplace_back("messages", make_list(std::move(messages)));
    names.emplace_back("bos_token", Value{std::string(context.bos_token)});
    names.emplace_back("eos_token", Value{std::string(context.eos_token)});
    names.emplace_back("add_generation_prompt", Value{context.add_generation_prompt});
    if (!context.date.empty()) names.emplace_back("date_string", Value{std::string(context.date)});
  }

  Status run(const JinjaBlock& block) {
    for (const Stmt& stmt : block) {
      line_ = stmt.line;
      CRIA_RETURN_IF_ERROR(spend(0));
      CRIA_RETURN_IF_ERROR(run_one(stmt));
    }
    return {};
  }

  // An error without a line gets the line that is being evaluated. A budget that is spent is the
  // reason for whatever came after.
  Status with_line(Status status) const {
    if (budget_.is_spent()) status = too_much_work();
    if (status.code() != StatusCode::unsupported) return status;
    return unsupported("line ", line_, ": ", status.message());
  }

 private:
  static Status too_much_work() { return unsupported("more work than a template may cause"); }
  Status spend(size_t n_bytes) { return budget_.spend(n_bytes) ? Status() : too_much_work(); }

  Status set(std::string_view name, Value value) {
    auto& names = frames_.back().names;
    CRIA_RETURN_IF_ERROR(spend(names.size()));
    for (auto& [known, old] : names) {
      if (known == name) {
        old = std::move(value);
        return {};
      }
    }
    if (names.size() >= kMaxNames) return unsupported("more than ", kMaxNames, " variables");
    names.emplace_back(name, std::move(value));
    return {};
  }

  // Null where no level has the name, and where the budget is spent.
  const Value* find(std::string_view name) {
    for (size_t i = frames_.size(); i-- > 0;) {
      if (!budget_.spend(frames_[i].names.size())) return nullptr;
      for (const auto& [known, value] : frames_[i].names) {
        if (known == name) return &value;
      }
    }
    return nullptr;
  }

  // --- statements ---

  Status run_one(const Stmt& stmt) {
    switch (stmt.kind) {
      case Stmt::Kind::text:
        return print(stmt.text);
      case Stmt::Kind::output:
        return run_output(stmt);
      case Stmt::Kind::if_chain:
        return run_if(stmt);
      case Stmt::Kind::for_loop:
        return run_for(stmt);
      case Stmt::Kind::set:
        return run_set(stmt);
      case Stmt::Kind::macro:
        return {};
      case Stmt::Kind::group:
        return run_group(stmt);
    }
    return {};
  }

  Status print(std::string_view text) {
    CRIA_RETURN_IF_ERROR(spend(text.size()));
    out_ += text;
    return {};
  }

  Status run_output(const Stmt& stmt) {
    Value value;
    CRIA_RETURN_IF_ERROR(eval(stmt.exprs[0], value));
    std::string text;
    if (!to_text(value, text)) return unsupported("the text of ", kind_name(value));
    return print(text);
  }

  Status run_if(const Stmt& stmt) {
    for (size_t i = 0; i < stmt.exprs.size(); ++i) {
      Value condition;
      CRIA_RETURN_IF_ERROR(eval(stmt.exprs[i], condition));
      if (is_true(condition)) return run(stmt.blocks[i]);
    }
    return stmt.blocks.size() > stmt.exprs.size() ? run(stmt.blocks.back()) : Status();
  }

  // {% generation %} only marks the text for training; names set inside do not leave it.
  Status run_group(const Stmt& stmt) {
    frames_.emplace_back();
    CRIA_RETURN_IF_ERROR(run(stmt.blocks[0]));
    frames_.pop_back();
    return {};
  }

  Status run_for(const Stmt& stmt) {
    Value value;
    generator_allowed_ = true;
    CRIA_RETURN_IF_ERROR(eval(stmt.exprs[0], value));
    const JinjaList none;
    const JinjaList* all = value.is<JinjaUndefined>() ? &none : value.list();
    if (all == nullptr || stmt.names.size() != 1) {
      return unsupported("a loop over ", kind_name(value));
    }
    JinjaList kept;
    if (stmt.exprs.size() > 1) {
      CRIA_RETURN_IF_ERROR(filter_items(stmt, *all, kept));
      all = &kept;
    }
    if (all->empty() && stmt.blocks.size() > 1) return run(stmt.blocks[1]);
    Loop loop{all, 0};
    for (; loop.index < all->size(); ++loop.index) {
      CRIA_RETURN_IF_ERROR(spend(text_bytes((*all)[loop.index])));
      frames_.push_back({.names = {{stmt.names[0], (*all)[loop.index]}}, .loop = &loop});
      CRIA_RETURN_IF_ERROR(run(stmt.blocks[0]));
      frames_.pop_back();
    }
    return {};
  }

  Status filter_items(const Stmt& stmt, const JinjaList& all, JinjaList& kept) {
    for (const Value& item : all) {
      CRIA_RETURN_IF_ERROR(spend(text_bytes(item)));
      frames_.push_back({.names = {{stmt.names[0], item}}});
      Value keep;
      CRIA_RETURN_IF_ERROR(eval(stmt.exprs[1], keep));
      frames_.pop_back();
      if (is_true(keep) && !append(item, budget_, kept)) return too_much_work();
    }
    return {};
  }

  Status run_set(const Stmt& stmt) {
    Value value;
    CRIA_RETURN_IF_ERROR(eval(stmt.exprs[0], value));
    if (stmt.names.size() == 1) return set(stmt.names[0], std::move(value));
    const Value* target = find(stmt.names[0]);
    const auto* space = target != nullptr ? target->get<JinjaNamespace*>() : nullptr;
    if (space == nullptr) return unsupported("an assignment to a part of ", quoted(stmt.names[0]));
    return set_part(stmt.names[1], std::move(value), **space);
  }

  Status set_part(const std::string& name, Value value, JinjaNamespace& space) {
    const auto [part, is_new] = space.try_emplace(name);
    part->second = std::move(value);
    return is_new ? spend(kPartBytes) : Status();
  }

  // --- expressions ---

  Status eval(const Expr& expr, Value& out) {
    const bool generator_allowed = std::exchange(generator_allowed_, false);
    line_ = expr.line;
    CRIA_RETURN_IF_ERROR(spend(0));
    CRIA_RETURN_IF_ERROR(eval_kind(expr, generator_allowed, out));
    return spend(text_bytes(out));
  }

  Status eval_kind(const Expr& expr, bool generator_allowed, Value& out) {
    switch (expr.kind) {
      case Kind::string:
        out.data = expr.text;
        return {};
      case Kind::integer:
        out.data = expr.number;
        return {};
      case Kind::boolean:
        out.data = expr.number != 0;
        return {};
      case Kind::none:
        out.data = JinjaNone{};
        return {};
      case Kind::list:
        return eval_list(expr, out);
      case Kind::name:
        return eval_name(expr, out);
      case Kind::attribute:
        return eval_attribute(expr, out);
      case Kind::subscript:
        return eval_subscript(expr, out);
      case Kind::slice:
        return eval_slice(expr, out);
      case Kind::call:
        return eval_call(expr, out);
      case Kind::filter:
        return eval_filter(expr, generator_allowed, out);
      case Kind::test:
        return eval_test(expr, out);
      case Kind::logical_not:
      case Kind::negative:
        return eval_unary(expr, out);
      case Kind::logical_and:
      case Kind::logical_or:
        return eval_logical(expr, out);
      case Kind::binary:
        return eval_binary(expr, out);
      case Kind::conditional:
        return eval_conditional(expr, out);
      case Kind::unknown:
        return unsupported(expr.text);
    }
    return {};
  }

  Status eval_all(const Expr& expr, size_t first, JinjaList& out) {
    for (size_t i = first; i < expr.children.size(); ++i) {
      CRIA_RETURN_IF_ERROR(eval(expr.children[i], out.emplace_back()));
    }
    return {};
  }

  Status eval_list(const Expr& expr, Value& out) {
    JinjaList items;
    CRIA_RETURN_IF_ERROR(spend(expr.children.size() * sizeof(Value)));
    CRIA_RETURN_IF_ERROR(eval_all(expr, 0, items));
    out = make_list(std::move(items));
    if (depth_of(out) <= kMaxListDepth) return {};
    return unsupported("lists nested more than ", kMaxListDepth, " deep");
  }

  bool is_function(std::string_view name) const {
    return name == "raise_exception" || name == "namespace" || name == "range" ||
           (name == "strftime_now" && !inputs_.context.date.empty());
  }

  Status eval_name(const Expr& expr, Value& out) {
    const Value* value = find(expr.text);
    if (value != nullptr) {
      out = *value;
      return {};
    }
    if (is_missing_input(expr.text) || is_function(expr.text) || expr.text == "loop") {
      return unsupported("the variable ", quoted(expr.text));
    }
    out = {};  // as Jinja: undefined, which is false
    return {};
  }

  const Loop* innermost_loop() const {
    for (size_t i = frames_.size(); i-- > 0;) {
      if (frames_[i].loop != nullptr) return frames_[i].loop;
    }
    return nullptr;
  }

  Status eval_attribute(const Expr& expr, Value& out) {
    const Expr& owner = expr.children[0];
    if (owner.kind == Kind::name && owner.text == "loop" && find("loop") == nullptr) {
      const Loop* loop = innermost_loop();
      if (loop != nullptr) return eval_loop_part(*loop, expr.text, out);
    }
    Value value;
    CRIA_RETURN_IF_ERROR(eval(owner, value));
    return get_part(value, {expr.text}, out);
  }

  static Status eval_loop_part(const Loop& loop, std::string_view name, Value& out) {
    const size_t n = loop.items->size();
    const auto i = static_cast<int64_t>(loop.index);
    const auto left = static_cast<int64_t>(n) - i;
    out = {};
    if (name == "index0") {
      out.data = i;
    } else if (name == "index") {
      out.data = i + 1;
    } else if (name == "revindex0") {
      out.data = left - 1;
    } else if (name == "revindex") {
      out.data = left;
    } else if (name == "length") {
      out.data = static_cast<int64_t>(n);
    } else if (name == "first") {
      out.data = i == 0;
    } else if (name == "last") {
      out.data = left == 1;
    } else if ((name == "previtem" && i == 0) || (name == "nextitem" && left == 1)) {
      return {};
    } else if (name == "previtem") {
      out = (*loop.items)[loop.index - 1];
    } else if (name == "nextitem") {
      out = (*loop.items)[loop.index + 1];
    } else {
      return unsupported("the part ", quoted(name), " of a loop");
    }
    return {};
  }

  Status eval_subscript(const Expr& expr, Value& out) {
    Value value;
    Value key;
    CRIA_RETURN_IF_ERROR(eval(expr.children[0], value));
    CRIA_RETURN_IF_ERROR(eval(expr.children[1], key));
    return get_part(value, key, out);
  }

  Status eval_slice(const Expr& expr, Value& out) {
    JinjaList parts;
    CRIA_RETURN_IF_ERROR(eval_all(expr, 0, parts));
    return get_slice(parts[0], parts[1], parts[2], parts[3], budget_, out);
  }

  Status eval_filter(const Expr& expr, bool generator_allowed, Value& out) {
    // A generator is true even when it is empty: here it only exists inside another filter.
    if (makes_generator(expr) && !generator_allowed) {
      return unsupported("the filter ", quoted(expr.text), " without the filter 'list'");
    }
    if (!expr.keywords.empty()) return unsupported("keywords of the filter ", quoted(expr.text));
    Value value;
    generator_allowed_ =
        makes_generator(expr) || expr.text == "list" || expr.text == "first" || expr.text == "join";
    CRIA_RETURN_IF_ERROR(eval(expr.children[0], value));
    JinjaList arguments;
    CRIA_RETURN_IF_ERROR(eval_all(expr, 1, arguments));
    return apply_filter(expr.text, value, arguments, budget_, out);
  }

  Status eval_test(const Expr& expr, Value& out) {
    const Expr& subject = expr.children[0];
    if (subject.kind == Kind::name && is_function(subject.text) && find(subject.text) == nullptr &&
        (expr.text == "defined" || expr.text == "undefined")) {
      out.data = expr.text == "defined";
      return {};
    }
    Value value;
    CRIA_RETURN_IF_ERROR(eval(subject, value));
    JinjaList arguments;
    CRIA_RETURN_IF_ERROR(eval_all(expr, 1, arguments));
    bool passes = false;
    CRIA_RETURN_IF_ERROR(apply_test(expr.text, value, arguments, budget_, passes));
    out.data = passes;
    return {};
  }

  Status eval_unary(const Expr& expr, Value& out) {
    Value value;
    CRIA_RETURN_IF_ERROR(eval(expr.children[0], value));
    if (expr.kind == Kind::negative) return apply_binary("-", {int64_t{0}}, value, budget_, out);
    out.data = !is_true(value);
    return {};
  }

  Status eval_logical(const Expr& expr, Value& out) {
    CRIA_RETURN_IF_ERROR(eval(expr.children[0], out));
    if (is_true(out) == (expr.kind == Kind::logical_or)) return {};
    return eval(expr.children[1], out);
  }

  Status eval_binary(const Expr& expr, Value& out) {
    Value left;
    Value right;
    CRIA_RETURN_IF_ERROR(eval(expr.children[0], left));
    CRIA_RETURN_IF_ERROR(eval(expr.children[1], right));
    return apply_binary(expr.text, left, right, budget_, out);
  }

  Status eval_conditional(const Expr& expr, Value& out) {
    Value condition;
    CRIA_RETURN_IF_ERROR(eval(expr.children[1], condition));
    if (is_true(condition)) return eval(expr.children[0], out);
    out = {};
    return expr.children.size() > 2 ? eval(expr.children[2], out) : Status();
  }

  Status eval_call(const Expr& expr, Value& out) {
    const Expr& callee = expr.children[0];
    JinjaList arguments;
    if (callee.kind == Kind::attribute && expr.keywords.empty()) {
      Value owner;
      CRIA_RETURN_IF_ERROR(eval(callee.children[0], owner));
      CRIA_RETURN_IF_ERROR(eval_all(expr, 1, arguments));
      return call_method(callee.text, owner, arguments, budget_, out);
    }
    const std::string name = callee.kind == Kind::name ? callee.text : "";
    if (!is_function(name) || find(name) != nullptr) {
      return unsupported("a call of ", quoted(name.empty() ? "an expression" : name));
    }
    CRIA_RETURN_IF_ERROR(eval_all(expr, 1, arguments));
    return call_function(name, expr, arguments, out);
  }

  Status call_function(std::string_view name, const Expr& expr, const JinjaList& arguments,
                       Value& out) {
    if (name == "namespace") return make_namespace(expr, arguments, out);
    if (!expr.keywords.empty()) return unsupported("keywords of ", quoted(name));
    if (name == "range") return make_range(arguments, out);
    const auto* text = arguments.size() == 1 ? arguments[0].get<std::string>() : nullptr;
    if (text == nullptr) return unsupported("the arguments of ", quoted(name));
    if (name == "raise_exception") return invalid_argument(*text);
    if (*text != "%d %b %Y") return unsupported("the date format ", quoted(*text));
    out.data = std::string(inputs_.context.date);
    return {};
  }

  Status make_namespace(const Expr& expr, const JinjaList& arguments, Value& out) {
    if (arguments.size() != expr.keywords.size()) return unsupported("a namespace of unknown form");
    CRIA_RETURN_IF_ERROR(spend(kNamespaceBytes));
    namespaces_.push_back(std::make_unique<JinjaNamespace>());
    for (size_t i = 0; i < arguments.size(); ++i) {
      CRIA_RETURN_IF_ERROR(set_part(expr.keywords[i], arguments[i], *namespaces_.back()));
    }
    out.data = namespaces_.back().get();
    return {};
  }

  Status make_range(const JinjaList& arguments, Value& out) {
    const auto* first = !arguments.empty() ? arguments[0].get<int64_t>() : nullptr;
    const auto* second = arguments.size() == 2 ? arguments[1].get<int64_t>() : nullptr;
    if (first == nullptr || (arguments.size() > 1 && second == nullptr)) {
      return unsupported("a range of unknown form");
    }
    const int64_t begin = second != nullptr ? *first : 0;
    const int64_t end = second != nullptr ? *second : *first;
    if (begin < -kMaxRange || end > kMaxRange)
      return unsupported("a range of more than ", kMaxRange);
    const auto n = static_cast<size_t>(std::max(end - begin, int64_t{0}));
    CRIA_RETURN_IF_ERROR(spend(n * sizeof(Value)));
    JinjaList numbers;
    for (int64_t i = begin; i < end; ++i) numbers.emplace_back().data = i;
    out = make_list(std::move(numbers));
    return {};
  }

  const JinjaInputs& inputs_;
  std::string& out_;
  JinjaBudget& budget_;
  int line_ = 0;
  bool generator_allowed_ = false;  // for the next expression only
  std::vector<Frame> frames_;
  std::vector<std::unique_ptr<JinjaNamespace>> namespaces_;  // values point into it
};

}  // namespace

Status evaluate_jinja(const JinjaBlock& block, const JinjaInputs& inputs, std::string& out) {
  Evaluator evaluator(inputs, out);
  return evaluator.with_line(evaluator.run(block));
}

}  // namespace cria::text
