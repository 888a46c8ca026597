// What the commands that make and judge quantised models were asked to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cria/perplexity.h"
#include "cria/quantize.h"
#include "options.h"

namespace cria::cli {

struct QuantizeFlags {
  std::string in, out;
  QuantizeOptions quantize;
};

struct PackFlags {
  ModelFlags model;
  std::string out;
};

struct ImatrixFlags {
  ModelFlags model;
  std::string text;  // a file
  std::string out;
  ImportanceOptions importance;
};

struct PerplexityFlags {
  ModelFlags model;
  std::string text;  // a file
  std::string base;  // a model to compare with; "": none
  PerplexityOptions perplexity;
  bool json = false;
};

// As the parsers in options.h.
std::optional<int> parse_quantize(const std::vector<std::string>& words, QuantizeFlags* flags);
std::optional<int> parse_pack(const std::vector<std::string>& words, PackFlags* flags);
std::optional<int> parse_imatrix(const std::vector<std::string>& words, ImatrixFlags* flags);
std::optional<int> parse_perplexity(const std::vector<std::string>& words, PerplexityFlags* flags);

}  // namespace cria::cli
