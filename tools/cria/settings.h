// The sampling settings, one table row each: what --temp, /set temp and /show share.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cria/session.h"

namespace cria::cli {

struct Setting {
  const char* name;   // "top_k", as /set and /show spell it
  const char* flags;  // "--top-k"
  const char* help;
  double least, most;  // both allowed, but for:
  bool above_least;    // least itself is not allowed
  bool whole;          // an integer
  double (*get)(const GenerateOptions& options);
  void (*set)(GenerateOptions& options, double value);
};

std::span<const Setting> settings();
// Null where there is none of this name.
const Setting* find_setting(std::string_view name);

// Checks the range and stores. Returns what is wrong ("must be ...; found ..."), or nothing.
std::optional<std::string> apply_setting(const Setting& setting, const std::string& value,
                                         GenerateOptions& options);
std::string setting_text(const Setting& setting, const GenerateOptions& options);

// "15043+1.5", "2-inf". Returns what is wrong, or nothing.
std::optional<std::string> add_logit_bias(const std::string& text, SamplingOptions& sampling);

}  // namespace cria::cli
