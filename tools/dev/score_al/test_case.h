// A case of Al's test sets, as models/al/TASK.md defines it: a line of a JSONL file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"
#include "cria/tokenizer.h"
#include "house/call.h"
#include "house/house.h"

namespace cria::score {

struct TestCase {
  std::string source;             // "seen.jsonl:12"
  std::vector<std::string> axes;  // the file's name where the case names none
  std::string category;
  house::House house;
  std::vector<ChatMessage> messages;  // without the system message; the last one is the user's
  std::vector<house::Call> calls;
  std::vector<std::string> says, says_any, says_not;
};

// source: as in TestCase; axis: for a case that names none. Errors: corrupt, naming source and
// field; also where the case names a category or an axis that the task does not.
Result<TestCase> parse_case(std::string_view line, const std::string& source,
                            const std::string& axis);

// All cases of a file; blank lines are passed over. Errors: as parse_case; not_found,
// io_error, and corrupt where there is no case.
Result<std::vector<TestCase>> load_cases(const std::string& path);

}  // namespace cria::score
