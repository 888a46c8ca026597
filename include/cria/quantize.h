// Model files in smaller types, and what tells the quantiser which weights matter.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cria/model.h"
#include "cria/status.h"

namespace cria {

struct QuantizeOptions {
  // One of quantize_types(), any case. A plain type ("q4_0", "q6_k", "f16" ...) is that of every
  // matrix. A mix ("q4_k_m" ...) gives more bits to the matrices that lose most, and q6_K to the
  // output matrix, or to the embedding where that is the output matrix too.
  std::string type = "q4_k_m";
  // A plain type for token_embd.weight and for output.weight, whatever type says; "": as it says.
  std::string token_embedding_type = {};
  std::string output_type = {};
  // A file from measure_importance, or from another program that writes its form; "": none.
  std::string imatrix_path = {};
  int n_threads = 0;  // 0: as many as this process may use
  // Called from the calling thread with the share done, 0 to 1; return false to cancel.
  std::function<bool(double)> on_progress = {};
};

struct QuantizedTensor {
  std::string name;
  std::string from, to;  // types; the same where the bytes were copied
  int64_t n_elems = 0;
};

struct QuantizeReport {
  std::vector<QuantizedTensor> tensors;       // in the file's order
  int64_t bytes_before = 0, bytes_after = 0;  // of the tensors
  // What a person should know: tensors whose rows do not fit a block and got another type, weights
  // that had been quantised before, weights without importance.
  std::vector<std::string> notes;
};

// Writes the GGUF at in (all its shards) to out in another type. Metadata and vocabulary are kept,
// but for general.file_type, general.quantization_version and the split; vectors and norms are f32.
// A matrix whose rows are no multiple of 256 gets a type with blocks of 32 (q2_K, q3_K: q4_0; q4_K:
// q5_0; q5_K: q5_1; q6_K: q8_0), and f16 where 32 does not fit either: the notes say so. out is
// written beside its place and renamed at the end, so that on any error what was there stays.
// Errors: not_found, io_error, cancelled, out_of_memory; corrupt, also for a weight that is NaN or
// infinite (tensor and position named); unsupported for a file or a tensor that cannot be read
// back, and for a weight beyond +-65504 where the type has fp16 scales; invalid_argument for an
// unknown type (the names listed), for out being in, and for an imatrix of another model.
CRIA_API Result<QuantizeReport> quantize_file(const std::string& in, const std::string& out,
                                              const QuantizeOptions& options = {});
// Plain types first, then the mixes.
CRIA_API std::vector<std::string> quantize_types();

struct ImportanceOptions {
  int n_ctx = 512;  // tokens of text evaluated as one context
  int n_threads = 0;
  std::string source_name = {};                  // of the text; kept in the file
  std::function<bool(double)> on_progress = {};  // share done; false cancels
};

struct ImportanceReport {
  int n_weights = 0;  // matrices that were observed
  int n_chunks = 0;
  int64_t n_tokens = 0;
};

// Runs model over text and writes, for each matrix, how large its inputs were: an error of w[r, c]
// changes the output by x[c] times as much, so mean x[c]^2 is how much it counts.
// The file is a GGUF with general.type "imatrix"; for a matrix NAME of n_cols columns it holds
//   NAME.in_sum2  f32 [n_cols]  sum of x[c]^2 over all tokens
//   NAME.counts   f32 [1]       the number of tokens
// and imatrix.chunk_count, imatrix.chunk_size (tokens), imatrix.datasets (source_name).
// Errors: invalid_argument for a text of fewer than two tokens or options out of range; io_error;
// cancelled; out_of_memory.
CRIA_API Result<ImportanceReport> measure_importance(const Model& model, std::string_view text,
                                                     const std::string& out,
                                                     const ImportanceOptions& options = {});

}  // namespace cria
