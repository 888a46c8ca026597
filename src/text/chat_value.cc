// Python's rules for truth, equality, text and length, as far as chat templates rely on them.
#include "text/chat_value.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cria::text {

bool is_true(const JinjaValue& value) {
  if (const auto* flag = value.get<bool>()) return *flag;
  if (const auto* number = value.get<int64_t>()) return *number != 0;
  if (const auto* text = value.get<std::string>()) return !text->empty();
  if (const JinjaList* list = value.list()) return !list->empty();
  return value.is<const ChatMessage*>() || value.is<JinjaNamespace*>();
}

namespace {

const int64_t* as_number(const JinjaValue& value, int64_t& storage) {
  if (const auto* flag = value.get<bool>()) {
    storage = *flag;
    return &storage;
  }
  return value.get<int64_t>();
}

bool is_continuation(char c) { return (c & 0xC0) == 0x80; }

bool are_equal_texts(const std::string& a, const std::string& b, JinjaBudget& budget) {
  return a.size() == b.size() && budget.spend(a.size()) && a == b;
}

bool are_equal_lists(const JinjaList& a, const JinjaList& b, JinjaBudget& budget) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const auto& x, const auto& y) { return are_equal(x, y, budget); });
}

}  // namespace

JinjaValue make_list(JinjaList items) {
  int depth = 0;
  for (const JinjaValue& item : items) depth = std::max(depth, depth_of(item));
  return {std::make_shared<const JinjaListNode>(JinjaListNode{std::move(items), depth + 1})};
}

int depth_of(const JinjaValue& value) {
  const auto* shared = value.get<std::shared_ptr<const JinjaListNode>>();
  return shared != nullptr ? (*shared)->depth : 0;
}

bool append(JinjaValue item, JinjaBudget& budget, JinjaList& list) {
  if (!budget.spend(sizeof(JinjaValue) + text_bytes(item))) return false;
  list.push_back(std::move(item));
  return true;
}

bool are_equal(const JinjaValue& a, const JinjaValue& b, JinjaBudget& budget) {
  if (!budget.spend(0)) return false;
  int64_t storage_a = 0;
  int64_t storage_b = 0;
  const int64_t* number_a = as_number(a, storage_a);
  const int64_t* number_b = as_number(b, storage_b);
  if (number_a != nullptr && number_b != nullptr) return *number_a == *number_b;
  if (a.data.index() != b.data.index()) return false;
  if (const auto* text = a.get<std::string>())
    return are_equal_texts(*text, *b.get<std::string>(), budget);
  if (const JinjaList* list = a.list()) return are_equal_lists(*list, *b.list(), budget);
  if (const auto* message = a.get<const ChatMessage*>()) {
    const ChatMessage& other = **b.get<const ChatMessage*>();
    return (*message)->role == other.role &&
           are_equal_texts((*message)->content, other.content, budget);
  }
  if (const auto* space = a.get<JinjaNamespace*>()) return *space == *b.get<JinjaNamespace*>();
  return true;  // both undefined, or both none
}

bool to_text(const JinjaValue& value, std::string& out) {
  if (const auto* text = value.get<std::string>()) {
    out = *text;
  } else if (const auto* flag = value.get<bool>()) {
    out = *flag ? "True" : "False";
  } else if (const auto* number = value.get<int64_t>()) {
    out = std::to_string(*number);
  } else if (value.is<JinjaNone>()) {
    out = "None";
  } else if (value.is<JinjaUndefined>()) {
    out.clear();
  } else {
    return false;
  }
  return true;
}

size_t text_bytes(const JinjaValue& value) {
  const auto* text = value.get<std::string>();
  return text != nullptr ? text->size() : 0;
}

int64_t length_of(const JinjaValue& value) {
  if (const auto* text = value.get<std::string>()) {
    return static_cast<int64_t>(text->size()) -
           std::count_if(text->begin(), text->end(), is_continuation);
  }
  if (const JinjaList* list = value.list()) return static_cast<int64_t>(list->size());
  if (value.is<const ChatMessage*>()) return 2;
  return value.is<JinjaUndefined>() ? 0 : -1;
}

const char* kind_name(const JinjaValue& value) {
  static constexpr std::array<const char*, 8> kNames = {
      "an undefined value", "none",   "a boolean", "a number",
      "a string",           "a list", "a message", "a namespace"};
  return kNames[value.data.index()];
}

size_t code_point_offset(std::string_view text, int64_t n) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if (!is_continuation(text[at]) && n-- == 0) break;
  }
  return at;
}

}  // namespace cria::text
