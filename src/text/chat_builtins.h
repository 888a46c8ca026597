// The filters, tests and methods of Jinja and Python that chat templates apply to values.
#pragma once

#include <string_view>
#include <vector>

#include "text/chat_value.h"

namespace cria::text {

// Each computes out from a value and its arguments, of which all are positional. What can be larger
// or take longer than they are is taken from the budget before it is made.
// Errors    unsupported, without a line: an unknown name, or kinds that it does not take. Where the
//           budget is spent: any result
Status apply_filter(std::string_view name, const JinjaValue& value, const JinjaList& arguments,
                    JinjaBudget& budget, JinjaValue& out);
Status apply_test(std::string_view name, const JinjaValue& value, const JinjaList& arguments,
                  JinjaBudget& budget, bool& out);
Status call_method(std::string_view name, const JinjaValue& value, const JinjaList& arguments,
                   JinjaBudget& budget, JinjaValue& out);
// value[key] and value.key: an undefined value where there is no such part.
Status get_part(const JinjaValue& value, const JinjaValue& key, JinjaValue& out);
// Python's value[start:stop:step]; none stands for an absent bound.
Status get_slice(const JinjaValue& value, const JinjaValue& start, const JinjaValue& stop,
                 const JinjaValue& step, JinjaBudget& budget, JinjaValue& out);
Status apply_binary(std::string_view op, const JinjaValue& a, const JinjaValue& b,
                    JinjaBudget& budget, JinjaValue& out);

}  // namespace cria::text
