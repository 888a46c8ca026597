// Evaluates a parsed chat template over a conversation. What is evaluated gives the bytes that
// Jinja gives; every construct, filter or kind of value beyond that is an error, never a guess.
#pragma once

#include <string>
#include <vector>

#include "text/chat_budget.h"
#include "text/chat_parser.h"
#include "text/chat_template.h"

namespace cria::text {

struct JinjaInputs {
  const std::vector<ChatMessage>& messages;
  const ChatContext& context;
  JinjaBudget& budget;  // bounds time and memory; several renderings may share one
};

// Appends the rendering to out, which is unspecified after an error.
// Errors    invalid_argument: the template called raise_exception, with its text
//           unsupported, with the line: a construct with no evaluation here, a limit on names or
//           on the depth of lists passed, or the budget spent
Status evaluate_jinja(const JinjaBlock& block, const JinjaInputs& inputs, std::string& out);

}  // namespace cria::text
