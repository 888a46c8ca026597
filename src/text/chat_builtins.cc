// A construct that is not here is refused by its name: adding one is adding a row.
#include "text/chat_builtins.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/str_cat.h"
#include "text/chat_lexer.h"

namespace cria::text {
namespace {

using Text = std::string;

// What Python finds on a str, a list or a dict before Jinja looks for a key: no parts of a message.
constexpr std::string_view kMethodNames =
    " append capitalize casefold center clear copy count encode endswith expandtabs extend find "
    "format format_map fromkeys get index insert isalnum isalpha isascii isdecimal isdigit "
    "isidentifier islower isnumeric isprintable isspace istitle isupper items join keys ljust "
    "lower lstrip maketrans partition pop popitem remove removeprefix removesuffix replace "
    "reverse rfind rindex rjust rpartition rsplit rstrip setdefault sort split splitlines "
    "startswith strip swapcase title translate update upper values zfill ";

bool is_method_name(std::string_view name) {
  return name.starts_with("_") || kMethodNames.find(str_cat(" ", name, " ")) != std::string::npos;
}

const Text* text_argument(const JinjaList& arguments, size_t i) {
  return i < arguments.size() ? arguments[i].get<Text>() : nullptr;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// upper, lower, capitalize, title: ASCII only; title of one word only, because Jinja and Python
// disagree on what a word is.
bool change_case(std::string_view name, const Text& text, JinjaValue& out) {
  if (!is_ascii(text)) return false;
  if (name == "title" && !std::all_of(text.begin(), text.end(), is_letter)) return false;
  Text result = text;
  for (char& c : result) c = name == "upper" ? upper(c) : lower(c);
  if ((name == "capitalize" || name == "title") && !result.empty()) result[0] = upper(result[0]);
  out.data = std::move(result);
  return true;
}
bool is_case_name(std::string_view name) {
  return name == "upper" || name == "lower" || name == "capitalize" || name == "title";
}

// Python's strip with and without a set of characters (ASCII ones here).
bool strip(std::string_view text, const JinjaList& arguments, bool left, bool right,
           JinjaValue& out) {
  if (arguments.empty()) {
    if (left) text = strip_space_left(text);
    if (right) text = strip_space_right(text);
  } else {
    const Text* characters = text_argument(arguments, 0);
    if (characters == nullptr || arguments.size() > 1 || !is_ascii(*characters)) return false;
    std::array<bool, 256> listed = {};
    for (const char c : *characters) listed[static_cast<unsigned char>(c)] = true;
    const auto is_listed = [&](char c) { return listed[static_cast<unsigned char>(c)]; };
    while (left && !text.empty() && is_listed(text.front())) text.remove_prefix(1);
    while (right && !text.empty() && is_listed(text.back())) text.remove_suffix(1);
  }
  out.data = Text(text);
  return true;
}

uint64_t count_parts(std::string_view text, std::string_view part) {
  uint64_t n = 0;
  for (size_t at = 0; (at = text.find(part, at)) != Text::npos; at += part.size()) ++n;
  return n;
}

bool replace_all(const Text& text, const JinjaList& arguments, JinjaBudget& budget,
                 JinjaValue& out) {
  const Text* from = text_argument(arguments, 0);
  const Text* to = text_argument(arguments, 1);
  if (from == nullptr || to == nullptr || from->empty() || arguments.size() != 2) return false;
  if (!budget.spend_search(text.size(), from->size())) return false;
  const uint64_t n_replaced = count_parts(text, *from);
  if (!budget.spend(text.size() + n_replaced * to->size())) return false;
  Text result;
  size_t at = 0;
  for (size_t found; (found = text.find(*from, at)) != Text::npos; at = found + from->size()) {
    result.append(text, at, found - at);
    result += *to;
  }
  result.append(text, at);
  out.data = std::move(result);
  return true;
}

bool split(const Text& text, const JinjaList& arguments, JinjaBudget& budget, JinjaValue& out) {
  const Text* separator = text_argument(arguments, 0);
  if (separator == nullptr || separator->empty() || arguments.size() > 2) return false;
  const int64_t* limit = arguments.size() == 2 ? arguments[1].get<int64_t>() : nullptr;
  if (arguments.size() == 2 && limit == nullptr) return false;
  if (!budget.spend_search(text.size(), separator->size())) return false;
  int64_t n_left = limit != nullptr ? *limit : -1;
  JinjaList parts;
  size_t at = 0;
  size_t found;
  while (n_left != 0 && (found = text.find(*separator, at)) != Text::npos) {
    if (!append({text.substr(at, found - at)}, budget, parts)) return false;
    at = found + separator->size();
    --n_left;
  }
  if (!append({text.substr(at)}, budget, parts)) return false;
  out = make_list(std::move(parts));
  return true;
}

bool join(const JinjaList& list, const JinjaList& arguments, JinjaBudget& budget, JinjaValue& out) {
  const Text* separator = text_argument(arguments, 0);
  if (arguments.size() > 1 || (arguments.size() == 1 && separator == nullptr)) return false;
  Text result;
  for (size_t i = 0; i < list.size(); ++i) {
    const bool separated = i > 0 && separator != nullptr;
    if (!budget.spend(text_bytes(list[i]) + (separated ? separator->size() : 0))) return false;
    Text item;
    if (!to_text(list[i], item)) return false;
    if (separated) result += *separator;
    result += item;
  }
  out.data = std::move(result);
  return true;
}

// selectattr(name, test, argument) and rejectattr. Nothing comes of a value that is not true.
Status select(bool keep, const JinjaValue& value, const JinjaList& arguments, JinjaBudget& budget,
              JinjaValue& out) {
  const Text* test = text_argument(arguments, 1);
  const JinjaList* list = value.list();
  if (text_argument(arguments, 0) == nullptr || (arguments.size() > 1 && test == nullptr) ||
      (list == nullptr && is_true(value))) {
    return unsupported("a filter by attribute of unknown form");
  }
  const JinjaList rest(arguments.begin() + std::min<ptrdiff_t>(2, std::ssize(arguments)),
                       arguments.end());
  JinjaList kept;
  for (size_t i = 0; list != nullptr && i < list->size(); ++i) {
    JinjaValue part;
    CRIA_RETURN_IF_ERROR(get_part((*list)[i], arguments[0], part));
    bool passes = is_true(part);
    if (test != nullptr) CRIA_RETURN_IF_ERROR(apply_test(*test, part, rest, budget, passes));
    if (!budget.spend(text_bytes(part))) return {};
    if (passes == keep && !append((*list)[i], budget, kept)) return {};
  }
  out = make_list(std::move(kept));
  return {};
}

bool filter_text(std::string_view name, const Text& text, const JinjaList& arguments,
                 JinjaBudget& budget, JinjaValue& out) {
  if (name == "trim") return strip(text, arguments, true, true, out);
  if (name == "replace") return replace_all(text, arguments, budget, out);
  return is_case_name(name) && arguments.empty() && change_case(name, text, out);
}

bool filter_list(std::string_view name, const JinjaValue& value, const JinjaList& arguments,
                 JinjaBudget& budget, JinjaValue& out) {
  const JinjaList& list = *value.list();
  if (name == "join") return join(list, arguments, budget, out);
  if (!arguments.empty()) return false;
  if (name == "list") {
    out = value;
  } else if (name == "first" || name == "last") {
    out = list.empty() ? JinjaValue() : name == "first" ? list.front() : list.back();
  } else {
    return false;
  }
  return true;
}

bool filter_default(const JinjaValue& value, const JinjaList& arguments, JinjaValue& out) {
  if (arguments.empty() || arguments.size() > 2) return false;
  const bool also_false = arguments.size() == 2 && is_true(arguments[1]);
  out = value.is<JinjaUndefined>() || (also_false && !is_true(value)) ? arguments[0] : value;
  return true;
}

bool filter_length(const JinjaValue& value, const JinjaList& arguments, JinjaValue& out) {
  out.data = length_of(value);
  return arguments.empty() && *out.get<int64_t>() >= 0;
}

bool filter_string(const JinjaValue& value, const JinjaList& arguments, JinjaValue& out) {
  Text text;
  if (!arguments.empty() || !to_text(value, text)) return false;
  out.data = std::move(text);
  return true;
}

bool is_comparing_test(std::string_view name) {
  return name == "equalto" || name == "eq" || name == "ne" || name == "in";
}

Status test_argument(std::string_view name, const JinjaValue& value, const JinjaValue& argument,
                     JinjaBudget& budget, bool& out) {
  JinjaValue result;
  const std::string_view op = name == "ne" ? "!=" : name == "in" ? "in" : "==";
  CRIA_RETURN_IF_ERROR(apply_binary(op, value, argument, budget, result));
  out = is_true(result);
  return {};
}

bool test_kind(std::string_view name, const JinjaValue& value, bool& out) {
  const bool is_container = value.is<Text>() || value.list() || value.is<const ChatMessage*>();
  const bool* flag = value.get<bool>();
  const int64_t* number = value.get<int64_t>();
  if (name == "defined") {
    out = !value.is<JinjaUndefined>();
  } else if (name == "undefined") {
    out = value.is<JinjaUndefined>();
  } else if (name == "none") {
    out = value.is<JinjaNone>();
  } else if (name == "string") {
    out = value.is<Text>();
  } else if (name == "mapping") {
    out = value.is<const ChatMessage*>();
  } else if (name == "iterable") {
    out = is_container || value.is<JinjaUndefined>();
  } else if (name == "sequence" && !value.is<JinjaUndefined>()) {
    out = is_container;
  } else if (name == "boolean") {
    out = flag != nullptr;
  } else if (name == "true") {
    out = flag != nullptr && *flag;
  } else if (name == "false") {
    out = flag != nullptr && !*flag;
  } else if (name == "number") {
    out = number != nullptr || flag != nullptr;
  } else if (name == "integer") {
    out = number != nullptr;
  } else if (name == "odd" && number != nullptr) {
    out = *number % 2 != 0;
  } else if (name == "even" && number != nullptr) {
    out = *number % 2 == 0;
  } else {
    return false;
  }
  return true;
}

// The index of an item of n, or -1; Python counts negative ones from the end.
int64_t resolve_index(int64_t index, int64_t n) {
  if (index < 0) index += n;
  return index >= 0 && index < n ? index : -1;
}

Text code_point_at(const Text& text, int64_t index) {
  const size_t begin = code_point_offset(text, index);
  return text.substr(begin, code_point_offset(std::string_view(text).substr(begin), 1));
}

JinjaValue item_at(const JinjaValue& value, int64_t index) {
  const int64_t found = resolve_index(index, length_of(value));
  if (found < 0) return {};
  if (const auto* text = value.get<Text>()) return {code_point_at(*text, found)};
  return (*value.list())[static_cast<size_t>(found)];
}

bool compare(std::string_view op, int64_t a, int64_t b, JinjaValue& out) {
  if (op == "<") {
    out.data = a < b;
  } else if (op == ">") {
    out.data = a > b;
  } else if (op == "<=") {
    out.data = a <= b;
  } else if (op == ">=") {
    out.data = a >= b;
  } else {
    return false;
  }
  return true;
}

// False on overflow, on a divisor that is not positive, and for an unknown operator.
bool calculate(std::string_view op, int64_t a, int64_t b, JinjaValue& out) {
  int64_t result = 0;
  bool done = false;
  if (op == "+") done = !__builtin_add_overflow(a, b, &result);
  if (op == "-") done = !__builtin_sub_overflow(a, b, &result);
  if (op == "*") done = !__builtin_mul_overflow(a, b, &result);
  if ((op == "//" || op == "%") && b > 0) {  // rounds down, as Python does
    const bool below = a % b < 0;
    result = op == "%" ? a % b + (below ? b : 0) : a / b - below;
    done = true;
  }
  out.data = result;
  return done;
}

bool contains(const JinjaValue& container, const JinjaValue& value, JinjaBudget& budget,
              bool& out) {
  if (const auto* text = container.get<Text>()) {
    const Text* part = value.get<Text>();
    if (part == nullptr || !budget.spend_search(text->size(), part->size())) return false;
    out = text->find(*part) != Text::npos;
    return true;
  }
  if (const JinjaList* list = container.list()) {
    out = std::any_of(list->begin(), list->end(),
                      [&](const JinjaValue& item) { return are_equal(item, value, budget); });
    return true;
  }
  if (container.is<const ChatMessage*>()) {
    const Text* key = value.get<Text>();
    out = key != nullptr && (*key == "role" || *key == "content");
    return true;
  }
  out = false;
  return container.is<JinjaUndefined>();
}

bool add(const JinjaValue& a, const JinjaValue& b, JinjaBudget& budget, JinjaValue& out) {
  if (a.is<Text>() && b.is<Text>()) {
    if (!budget.spend(text_bytes(a) + text_bytes(b))) return false;
    out.data = *a.get<Text>() + *b.get<Text>();
    return true;
  }
  if (a.list() == nullptr || b.list() == nullptr) return false;
  JinjaList joined;
  for (const JinjaList* list : {a.list(), b.list()}) {
    for (const JinjaValue& item : *list) {
      if (!append(item, budget, joined)) return false;
    }
  }
  out = make_list(std::move(joined));
  return true;
}

bool concatenate(const JinjaValue& a, const JinjaValue& b, JinjaBudget& budget, JinjaValue& out) {
  Text left;
  Text right;
  if (!budget.spend(text_bytes(a) + text_bytes(b)) || !to_text(a, left) || !to_text(b, right)) {
    return false;
  }
  out.data = std::move(left += right);
  return true;
}

}  // namespace

Status apply_filter(std::string_view name, const JinjaValue& value, const JinjaList& arguments,
                    JinjaBudget& budget, JinjaValue& out) {
  if (name == "selectattr" || name == "rejectattr") {
    return select(name == "selectattr", value, arguments, budget, out);
  }
  Text text;
  bool done = false;
  if (name == "default" || name == "d") {
    done = filter_default(value, arguments, out);
  } else if (name == "length" || name == "count") {
    done = filter_length(value, arguments, out);
  } else if (name == "string") {
    done = filter_string(value, arguments, out);
  } else if (value.list() != nullptr) {
    done = filter_list(name, value, arguments, budget, out);
  } else if (to_text(value, text)) {
    done = filter_text(name, text, arguments, budget, out);
  }
  return done ? Status()
              : unsupported("the filter ", quoted(name), " with these arguments on ",
                            kind_name(value));
}

Status apply_test(std::string_view name, const JinjaValue& value, const JinjaList& arguments,
                  JinjaBudget& budget, bool& out) {
  if (arguments.size() == 1 && is_comparing_test(name)) {
    return test_argument(name, value, arguments[0], budget, out);
  }
  if (arguments.empty() && test_kind(name, value, out)) return {};
  return unsupported("the test ", quoted(name), " on ", kind_name(value));
}

Status call_method(std::string_view name, const JinjaValue& value, const JinjaList& arguments,
                   JinjaBudget& budget, JinjaValue& out) {
  bool done = false;
  if (const auto* text = value.get<Text>()) {
    const Text* argument = text_argument(arguments, 0);
    if (name == "strip" || name == "lstrip" || name == "rstrip") {
      done = strip(*text, arguments, name != "rstrip", name != "lstrip", out);
    } else if (name == "split") {
      done = split(*text, arguments, budget, out);
    } else if (name == "replace") {
      done = replace_all(*text, arguments, budget, out);
    } else if (name == "startswith" || name == "endswith") {
      done = argument != nullptr && arguments.size() == 1;
      if (done)
        out.data = name[0] == 's' ? text->starts_with(*argument) : text->ends_with(*argument);
    } else if (is_case_name(name) && arguments.empty()) {
      done = change_case(name, *text, out);
    }
  } else if (value.is<const ChatMessage*>() && name == "get" && !arguments.empty()) {
    bool found = false;
    done = arguments.size() <= 2 && contains(value, arguments[0], budget, found);
    if (found) return get_part(value, arguments[0], out);
    out = arguments.size() == 2 ? arguments[1] : JinjaValue{JinjaNone{}};
  }
  return done ? Status() : unsupported("the method ", quoted(name), " of ", kind_name(value));
}

Status get_part(const JinjaValue& value, const JinjaValue& key, JinjaValue& out) {
  out = {};
  if (value.is<JinjaUndefined>()) return unsupported("a part of an undefined value");
  if (const auto* index = key.get<int64_t>()) {
    if (!value.is<Text>() && value.list() == nullptr) {
      return unsupported("an item of ", kind_name(value));
    }
    out = item_at(value, *index);
    return {};
  }
  const Text* name = key.get<Text>();
  if (name == nullptr) return unsupported("a part named by ", kind_name(key));
  if (const auto* space = value.get<JinjaNamespace*>()) {
    const auto found = (*space)->find(*name);
    if (found != (*space)->end()) out = found->second;
    return {};
  }
  if (const auto* message = value.get<const ChatMessage*>()) {
    if (*name == "role") out.data = (*message)->role;
    if (*name == "content") out.data = (*message)->content;
  }
  return is_method_name(*name) ? unsupported("the method ", quoted(*name), " as a value")
                               : Status();
}

Status get_slice(const JinjaValue& value, const JinjaValue& start, const JinjaValue& stop,
                 const JinjaValue& step, JinjaBudget& budget, JinjaValue& out) {
  const auto* text = value.get<Text>();
  const auto is_bound = [](const JinjaValue& v) { return v.is<JinjaNone>() || v.is<int64_t>(); };
  const int64_t by = step.is<int64_t>() ? *step.get<int64_t>() : 1;
  if ((text == nullptr && value.list() == nullptr) || !is_bound(start) || !is_bound(stop) ||
      !is_bound(step) || (by != 1 && (by != -1 || text != nullptr))) {
    return unsupported("a slice of ", kind_name(value));
  }
  const int64_t n = length_of(value);
  const auto resolve = [&](const JinjaValue& bound, int64_t absent, int64_t low, int64_t high) {
    if (bound.is<JinjaNone>()) return absent;
    const int64_t index = *bound.get<int64_t>();
    return std::clamp(index < 0 ? std::max(index, -n - 1) + n : index, low, high);
  };
  const int64_t begin = by > 0 ? resolve(start, 0, 0, n) : resolve(start, n - 1, -1, n - 1);
  const int64_t end = by > 0 ? resolve(stop, n, 0, n) : resolve(stop, -1, -1, n - 1);
  if (text != nullptr) {
    const size_t from = code_point_offset(*text, begin);
    const size_t to = code_point_offset(*text, end);
    out.data = from < to ? text->substr(from, to - from) : Text();
    return {};
  }
  JinjaList items;
  for (int64_t i = begin; by > 0 ? i < end : i > end; i += by) {
    if (!append((*value.list())[static_cast<size_t>(i)], budget, items)) return {};
  }
  out = make_list(std::move(items));
  return {};
}

Status apply_binary(std::string_view op, const JinjaValue& a, const JinjaValue& b,
                    JinjaBudget& budget, JinjaValue& out) {
  bool done = true;
  bool flag = false;
  const auto* number_a = a.get<int64_t>();
  const auto* number_b = b.get<int64_t>();
  if (op == "==" || op == "!=") {
    out.data = are_equal(a, b, budget) == (op == "==");
  } else if (op == "in") {
    done = contains(b, a, budget, flag);
    out.data = flag;
  } else if (op == "~") {
    done = concatenate(a, b, budget, out);
  } else if (number_a != nullptr && number_b != nullptr) {
    done = compare(op, *number_a, *number_b, out) || calculate(op, *number_a, *number_b, out);
  } else {
    done = op == "+" && add(a, b, budget, out);
  }
  return done ? Status()
              : unsupported("the operator ", quoted(op), " between ", kind_name(a), " and ",
                            kind_name(b));
}

}  // namespace cria::text
