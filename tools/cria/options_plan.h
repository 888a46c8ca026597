// What `cria plan` was asked to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "options.h"

namespace cria::cli {

struct PlanFlags {
  ModelFlags model;
  SessionOptions session;
  int n_conversations = 1;
  int64_t memory_budget = 0;  // bytes; 0: none
  bool json = false;
};

// As the parsers in options.h.
std::optional<int> parse_plan(const std::vector<std::string>& words, PlanFlags* flags);

}  // namespace cria::cli
