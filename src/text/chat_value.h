// What an expression of a chat template can be worth.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "text/chat_budget.h"
#include "text/chat_template.h"

namespace cria::text {

struct JinjaValue;
struct JinjaListNode;
using JinjaList = std::vector<JinjaValue>;
using JinjaNamespace = std::map<std::string, JinjaValue>;

struct JinjaUndefined {};
struct JinjaNone {};

// Lists are shared and never change. Messages and namespaces belong to the rendering that made
// them: a value only points to one, so that a namespace may hold itself.
struct JinjaValue {
  std::variant<JinjaUndefined, JinjaNone, bool, int64_t, std::string,
               std::shared_ptr<const JinjaListNode>, const ChatMessage*, JinjaNamespace*>
      data;

  template <typename T>
  const T* get() const {
    return std::get_if<T>(&data);
  }
  template <typename T>
  bool is() const {
    return std::holds_alternative<T>(data);
  }
  // Null where it is no list.
  const JinjaList* list() const;
};

// A list that holds no list is 1 deep. Whoever puts values into a new list refuses what is deeper
// than kMaxListDepth, because lists are compared and destroyed by recursion.
struct JinjaListNode {
  JinjaList items;
  int depth;
};
constexpr int kMaxListDepth = 32;

inline const JinjaList* JinjaValue::list() const {
  const auto* shared = get<std::shared_ptr<const JinjaListNode>>();
  return shared != nullptr ? &(*shared)->items : nullptr;
}

JinjaValue make_list(JinjaList items);
// 0 for what is no list.
int depth_of(const JinjaValue& value);
// False, with the list as it was, where the budget is spent.
bool append(JinjaValue item, JinjaBudget& budget, JinjaList& list);

// Python's bool(value).
bool is_true(const JinjaValue& value);
// Python's ==. False for kinds that differ, but true counts as 1; false where the budget is spent.
bool are_equal(const JinjaValue& a, const JinjaValue& b, JinjaBudget& budget);
// Python's str(value) into out; false for kinds whose text is not known here (lists, messages).
bool to_text(const JinjaValue& value, std::string& out);
// What a copy of the value makes besides itself: the size of a string.
size_t text_bytes(const JinjaValue& value);
// Python's len(value): code points, items, keys; -1 where it has none.
int64_t length_of(const JinjaValue& value);
// A name for messages: "a string".
const char* kind_name(const JinjaValue& value);

// Offset of the n-th code point, or text.size().
size_t code_point_offset(std::string_view text, int64_t n);

}  // namespace cria::text
