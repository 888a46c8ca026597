#include "settings.h"

#include <array>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdio>

#include "numbers.h"

namespace cria::cli {
namespace {

constexpr double kMostFloat = FLT_MAX;
constexpr double kMostInt = INT_MAX;

// The ranges are the library's, checked here as well so that a wrong flag costs no loading time.
constexpr std::array kSettings = {
    Setting{"predict", "-n,--predict", "tokens to generate; -1: until the model stops", -1,
            kMostInt, false, true, [](const GenerateOptions& o) { return double(o.max_tokens); },
            [](GenerateOptions& o, double v) { o.max_tokens = static_cast<int>(v); }},
    Setting{"temp", "--temp", "temperature; 0: always the likeliest token", 0, kMostFloat, false,
            false, [](const GenerateOptions& o) { return double(o.sampling.temperature); },
            [](GenerateOptions& o, double v) { o.sampling.temperature = static_cast<float>(v); }},
    Setting{"top_k", "--top-k", "keep the k likeliest tokens; 0: off", 0, kMostInt, false, true,
            [](const GenerateOptions& o) { return double(o.sampling.top_k); },
            [](GenerateOptions& o, double v) { o.sampling.top_k = static_cast<int>(v); }},
    Setting{"top_p", "--top-p", "keep the likeliest tokens that sum to p; 1: off", 0, 1, true,
            false, [](const GenerateOptions& o) { return double(o.sampling.top_p); },
            [](GenerateOptions& o, double v) { o.sampling.top_p = static_cast<float>(v); }},
    Setting{"min_p", "--min-p", "drop tokens less likely than p times the likeliest; 0: off", 0, 1,
            false, false, [](const GenerateOptions& o) { return double(o.sampling.min_p); },
            [](GenerateOptions& o, double v) { o.sampling.min_p = static_cast<float>(v); }},
    Setting{"typical", "--typical", "keep typical tokens that sum to p; 1: off", 0, 1, true, false,
            [](const GenerateOptions& o) { return double(o.sampling.typical_p); },
            [](GenerateOptions& o, double v) { o.sampling.typical_p = static_cast<float>(v); }},
    Setting{
        "repeat_penalty", "--repeat-penalty", "weaken tokens seen before; 1: off", 0, kMostFloat,
        true, false, [](const GenerateOptions& o) { return double(o.sampling.repeat_penalty); },
        [](GenerateOptions& o, double v) { o.sampling.repeat_penalty = static_cast<float>(v); }},
    Setting{"repeat_last_n", "--repeat-last-n", "tokens that penalties look back at; -1: all", -1,
            kMostInt, false, true,
            [](const GenerateOptions& o) { return double(o.sampling.repeat_last_n); },
            [](GenerateOptions& o, double v) { o.sampling.repeat_last_n = static_cast<int>(v); }},
    Setting{
        "presence_penalty", "--presence-penalty", "subtracted once from a token seen before",
        -kMostFloat, kMostFloat, false, false,
        [](const GenerateOptions& o) { return double(o.sampling.presence_penalty); },
        [](GenerateOptions& o, double v) { o.sampling.presence_penalty = static_cast<float>(v); }},
    Setting{
        "frequency_penalty", "--frequency-penalty", "subtracted for each time a token was seen",
        -kMostFloat, kMostFloat, false, false,
        [](const GenerateOptions& o) { return double(o.sampling.frequency_penalty); },
        [](GenerateOptions& o, double v) { o.sampling.frequency_penalty = static_cast<float>(v); }},
};

std::string number_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

// "0 or more", "more than 0, at most 1".
std::string range_text(const Setting& setting) {
  std::string text = setting.whole ? "a whole number" : "a number";
  if (setting.least > -kMostFloat) {
    const std::string least = number_text(setting.least);
    text += setting.above_least ? ", more than " + least : ", " + least + " or more";
  }
  if (setting.most < kMostInt) text += ", at most " + number_text(setting.most);
  return text;
}

bool in_range(const Setting& setting, double value) {
  // Written so that NaN fails.
  const bool enough = setting.above_least ? value > setting.least : value >= setting.least;
  return enough && value <= setting.most;
}

std::optional<double> parse_value(const Setting& setting, const std::string& text) {
  if (!setting.whole) return parse_real(text);
  const std::optional<int64_t> value = parse_integer(text);
  if (!value) return std::nullopt;
  return static_cast<double>(*value);
}

}  // namespace

std::span<const Setting> settings() { return kSettings; }

const Setting* find_setting(std::string_view name) {
  for (const Setting& setting : kSettings) {
    if (name == setting.name) return &setting;
  }
  return nullptr;
}

std::optional<std::string> apply_setting(const Setting& setting, const std::string& value,
                                         GenerateOptions& options) {
  const std::optional<double> number = parse_value(setting, value);
  if (!number || !in_range(setting, *number)) {
    return "must be " + range_text(setting) + "; found \"" + value + "\"";
  }
  setting.set(options, *number);
  return std::nullopt;
}

std::string setting_text(const Setting& setting, const GenerateOptions& options) {
  const double value = setting.get(options);
  return setting.whole ? std::to_string(static_cast<int64_t>(value)) : number_text(value);
}

std::optional<std::string> add_logit_bias(const std::string& text, SamplingOptions& sampling) {
  const size_t sign = text.find_first_of("+-", 1);
  if (sign != std::string::npos) {
    const std::optional<int64_t> id = parse_integer(text.substr(0, sign));
    const std::optional<double> bias = parse_real(text.substr(sign));
    if (id && *id >= 0 && *id <= INT32_MAX && bias && !std::isnan(*bias)) {
      sampling.logit_bias.emplace_back(static_cast<TokenId>(*id), static_cast<float>(*bias));
      return std::nullopt;
    }
  }
  return "must be a token id and a signed number, as in 15043+1 or 2-inf; found \"" + text + "\"";
}

}  // namespace cria::cli
