// Looking at files and at the library itself: inspect, synthesize, kernel tables, logits of every
// position.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cria/model.h"
#include "cria/status.h"

namespace cria {

// "0.1.0".
CRIA_API const char* version();

struct BuildInfo {
  std::string commit;  // of the source tree that it was built from; "unknown" without git
  int number = 0;      // commits up to it; 0 without git
  std::string id;      // other code, other id; "" where the linker made none
};
CRIA_API BuildInfo build_info();

struct TensorReport {
  std::string name;
  std::string type;            // "q4_0"
  std::vector<int64_t> shape;  // the contiguous dimension first
  int64_t size_bytes = 0;
  int64_t file_offset = 0;
};

struct MetadataReport {
  std::string key;
  std::string type;   // "u32", "string", "array of string", ...
  std::string value;  // as JSON; long arrays and texts are cut to a few items
  int64_t count = 0;  // elements of an array, else 1
};

// What a file holds, whether or not this version can run it.
struct FileReport {
  std::string path;
  std::string format;
  std::string architecture;
  int64_t size_bytes = 0;
  int64_t n_params = 0;
  std::vector<MetadataReport> metadata;
  std::vector<TensorReport> tensors;
  // "n_layers" to "22" and so on, where the architecture is known.
  std::vector<std::pair<std::string, std::string>> hyperparameters;
  std::string vocabulary;     // "sentencepiece, 32000 tokens" or why there is none
  std::string chat_template;  // its name, "none", or why it is refused
  std::vector<std::string> notes;
  Status run_status;  // ok, or why Model::open would refuse the file
};

// Errors: those of reading the container itself; what is wrong above it goes into the report.
CRIA_API Result<FileReport> inspect(const std::string& path,
                                    const std::string& tokenizer_path = "");

struct SynthOptions {
  std::string shape = "tiny";  // one of synth_shapes()
  std::string type = "q4_0";   // of the matrices: any computable type; norms and biases are f32
  std::string vocabulary_path = {};  // a GGUF, .model or tokenizer.bin; "": a synthetic one
  uint64_t seed = 0;
  std::function<bool(double)> on_progress = {};  // share done; false cancels
};
// Writes a GGUF of random weights with a known model's shape, atomically. The same options give the
// same bytes. Errors: invalid_argument with the valid names; io_error; cancelled.
CRIA_API Status synthesize(const std::string& path, const SynthOptions& options);
CRIA_API std::vector<std::string> synth_shapes();

// Kernel tables that this build has and this CPU can run, slowest first.
CRIA_API std::vector<std::string> kernel_tables();
// "x86-64: avx2 avx512 ..." as detected.
CRIA_API std::string cpu_description();
// As the system names it ("AMD Ryzen 7 7840U", "Raspberry Pi 4 Model B"); else cpu_description().
CRIA_API std::string cpu_name();

// A kernel of a faster table, compared on this CPU with the scalar table, which is its definition.
struct KernelCheck {
  std::string slot;        // "avx2/packed.q4_0", as ModelOptions::kernels_off takes it
  std::string difference;  // "" where it agrees; else where and by how much it does not
  bool agrees() const { return difference.empty(); }
};
// Every kernel and packed layout of the tables that run here (isa: as in ModelOptions), with every
// tile, on random and on extreme numbers: about a second. None where only the scalar table runs.
// Errors: invalid_argument, out_of_memory, cancelled (asked between kernels).
CRIA_API Result<std::vector<KernelCheck>> verify_kernels(
    const std::string& isa = "", const std::function<bool()>& should_cancel = {});

// What this machine can do at most, measured in about half a second with n_threads threads at once
// (0: as many as this process may use): multiply-adds in registers, counted as two operations, and
// bytes read from memory that no cache holds.
struct MachineLimits {
  int n_threads = 0;
  double f32_gops = 0;    // fp32
  double int8_gops = 0;   // int8 * int8 -> int32, by the fastest exact instructions of the table
  double block_gops = 0;  // the products of quantised blocks, by the fastest for their range
  double read_gbs = 0;    // GB/s, 10^9 bytes
};
// isa: as in ModelOptions. Errors: invalid_argument, out_of_memory (256 MB of scratch).
CRIA_API Result<MachineLimits> measure_limits(int n_threads = 0, const std::string& isa = "");

// The matrix products of one token through a known model's shape, the largest first.
struct MatrixShape {
  std::string what;  // "feed-forward gate, up"
  int64_t n = 0;     // outputs
  int64_t k = 0;     // inputs
  int count = 0;     // of them in the model
};
// shape: one of synth_shapes(). Errors: invalid_argument with the valid names.
CRIA_API Result<std::vector<MatrixShape>> matrix_shapes(const std::string& shape);

// Matrices of a model that are alike, and how they are multiplied.
struct MatrixReport {
  std::string what;        // "feed-forward gate, up"
  std::string type;        // as in the file: "q4_0"
  int64_t n = 0;           // outputs
  int64_t k = 0;           // inputs
  int count = 0;           // of them in the model
  std::string table;       // whose kernel multiplies: "avx2"
  std::string layout;      // as it is held in memory
  std::string why;         // why so
  std::string plan;        // tile, blocks and threads for one token: lines for people, or ""
  bool in_int8 = false;    // multiplied as int8 * int8, else in fp32: which peak is its limit
  int64_t size_bytes = 0;  // of all of them, as they are held: what one token reads
};
struct ModelExplanation {
  int n_threads = 0;
  std::vector<MatrixReport> matrices;  // "output" first, then in the order of matrix_shapes
  int64_t weight_bytes = 0;            // read for one token: matrices, norms, biases, one embedding
  int64_t kv_bytes = 0;                // read for one token, for each position that it attends to
};
// How this model runs here. options: n_threads, k_type and v_type count. Errors: as new_session.
CRIA_API Result<ModelExplanation> explain_model(const Model& model,
                                                const SessionOptions& options = {});

// What a recorded reply takes to generate: its tokens are taken as if the model had chosen them,
// without sampling.
struct ReplayTimes {
  double prompt_seconds = 0;
  double reply_seconds = 0;
  int n_drafted = 0, n_accepted = 0;
};
// Adds both to the session. Errors: as Session::append; invalid_argument (speculation).
CRIA_API Result<ReplayTimes> replay(Session& session, const std::vector<TokenId>& prompt,
                                    const std::vector<TokenId>& reply,
                                    const SpeculationOptions& speculation = {});

// Logits of every position, [tokens.size(), n_vocab], for perplexity and comparisons.
// Errors: as Session::append.
CRIA_API Result<std::vector<float>> all_position_logits(const Model& model,
                                                        const std::vector<TokenId>& tokens,
                                                        const SessionOptions& options = {});

}  // namespace cria
