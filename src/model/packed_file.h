// A model's packed weights as a file, which is mapped in place of packing them again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "model/model.h"

namespace cria::model {

// Goes up with every change of what any kernel packs.
inline constexpr uint32_t kPackedFileVersion = 1;

// A matrix in such a file.
struct PackedEntry {
  std::string_view name;    // in the model's file
  std::string_view layout;  // who packed it and how
  uint32_t dtype = 0;
  uint64_t n_rows = 0, n_cols = 0;
  uint64_t offset = 0, n_bytes = 0;  // inside the file
  uint64_t sum = 0;                  // sum_of_panels
};

struct PackedIndex {
  uint64_t fingerprint = 0;   // of the model
  uint64_t source_bytes = 0;  // of the model's files
  std::vector<PackedEntry> entries;
};

// The head of such a file; the texts are views of it. Errors: corrupt.
Result<PackedIndex> read_packed_index(ByteReader& in);

// Writes the weights of a loaded model, whole or not at all. Errors: io_error; unsupported where
// nothing of the model is packed.
Status save_packed(const Model& model, const std::string& path);
// What save_packed would write, in bytes; 0: nothing.
uint64_t packed_file_bytes(const Model& model);

// Lets the matrices of a prepared model be those of such a file: every byte of it is checked, at
// the speed of memory, with the pool's threads. On an error the model is as before. Errors:
// not_found, io_error; corrupt; invalid_argument where it is of another model, version, kernel
// table or layout.
Status attach_packed(const std::string& path, ThreadPool& pool, Model& model);

}  // namespace cria::model
