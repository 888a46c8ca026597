// The head of a file of packed weights (model/packed_file.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/byte_reader.h"

namespace cria::file {

// Goes up with every change of what any kernel packs.
inline constexpr uint32_t kPackedFileVersion = 1;

// A matrix in such a file.
struct PackedEntry {
  std::string_view name;    // in the model's file
  std::string_view layout;  // who packed it and how
  uint32_t dtype = 0;
  uint64_t n_rows = 0, n_cols = 0;
  uint64_t offset = 0, n_bytes = 0;  // inside the file
  uint64_t sum = 0;                  // of those bytes
};

struct PackedIndex {
  uint64_t fingerprint = 0;   // of the model
  uint64_t source_bytes = 0;  // of the model's files
  std::vector<PackedEntry> entries;
};

// The head of such a file; the texts are views of it. Errors: corrupt.
Result<PackedIndex> read_packed_index(ByteReader& in);

// Matrices begin at multiples of it, where pages do.
inline constexpr uint64_t kPackedAlignment = 4096;

// The head that read_packed_index reads. Its size depends on the texts and their number only.
std::string packed_head(const PackedIndex& index);

}  // namespace cria::file
