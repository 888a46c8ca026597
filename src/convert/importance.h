// How much each column of each matrix counts, as a file: a GGUF of the form that
// cria/quantize.h describes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cria/status.h"
#include "file/catalog.h"

namespace cria::convert {

// Of one matrix, over all tokens.
struct InputSums {
  std::vector<double> squares;  // [n_cols]
  int64_t n_tokens = 0;
};

struct ImportanceFile {
  std::map<std::string, InputSums, std::less<>> by_weight;
  int n_chunks = 0;
  int n_chunk_tokens = 0;
  std::string source_name;
};

// Writes path atomically. Errors: io_error.
Status write_importance(const ImportanceFile& importance, const std::string& path);

// Mean squares of the inputs, by the matrix's name.
using Importance = std::map<std::string, std::vector<float>, std::less<>>;

// Errors: corrupt where a tensor has another type or shape than it should, is
// negative, infinite or NaN, or lacks its other half; unsupported for a GGUF of another kind.
Result<Importance> importance_in(const file::Catalog& catalog);
// Also those of open_catalog.
Result<Importance> read_importance(const std::string& path);

}  // namespace cria::convert
