// A model that is ready to run: hyperparameters, weights, vocabulary and kernels.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"
#include "model/config.h"
#include "model/vocabulary.h"
#include "model/weights.h"
#include "ops/attention.h"
#include "ops/rope.h"

namespace cria::model {

// Immutable once loaded; share it by shared_ptr.
struct Model {
  std::string path;
  std::shared_ptr<const file::Catalog> catalog;  // keeps the weights' bytes alive
  Config config;
  Weights weights;
  std::shared_ptr<const Vocabulary> vocabulary;
  kernels::Table kernels;
  std::unique_ptr<const ops::RopeFrequencies> rope;
  std::vector<std::string> notes;
  // Held by malloc for all of this before the weights are packed: vocabulary, catalog, norms.
  uint64_t heap_bytes = 0;
};

struct LoadOptions {
  std::string tokenizer_path = {};
  std::string isa = {};          // "": the best table
  std::string kernels_off = {};  // as kernels::choose_table takes it
  std::string packed_path = {};  // a file of packed_file.h for this model; "": none
  std::string pack_cache = {};   // the folder of a PackCache; "": none
  uint64_t pack_cache_bytes = 0;
  std::function<bool(double)> on_progress = {};
  // Called once everything is checked and nothing big has been taken: an error ends the loading.
  std::function<Status(const Model&)> before_packing = {};
};

// Errors: see cria::Model::open.
Result<std::shared_ptr<const Model>> load(const std::string& path, const LoadOptions& options);

// All of load() but the packing, so that no weight is read: what can be said of a model from its
// file's header. Gives back the memory that this took and no longer needs.
Result<std::shared_ptr<Model>> prepare(const std::string& path, const LoadOptions& options);

// All that load() checks above the container, without touching weights: why a file cannot be run.
struct Checked {
  Config config;
  Weights weights;
  std::shared_ptr<const Vocabulary> vocabulary;
};
Result<Checked> check(const file::Catalog& catalog, const std::string& tokenizer_path);

// The intermediate values of one chunk, allocated once. Owns its memory; thread compatible.
class Workspace {
 public:
  // For chunks of at most n_chunk tokens. Errors: out_of_memory with the size.
  static Result<Workspace> create(const Model& model, int64_t n_chunk);
  // Bytes that create() takes and that a whole chunk touches.
  static uint64_t size_bytes(const Model& model, int64_t n_chunk);

  int64_t n_chunk = 0;
  std::span<float> x;               // [n_chunk, d_model]: the residual stream
  std::span<float> normed;          // [n_chunk, d_model]
  std::span<float> q;               // [n_chunk, n_heads * head_dim]
  std::span<float> k, v;            // [n_chunk, n_kv_heads * head_dim]
  std::span<float> attended;        // [n_chunk, n_heads * head_dim]
  std::span<float> gate, up;        // [n_chunk, d_ff]
  std::span<float> cos_sin;         // [n_chunk, n_rot / 2, 2]
  std::vector<ops::BatchRow> rows;  // [n_chunk]
  std::vector<int32_t> tokens;      // [n_chunk]
  std::span<std::byte> quantized;   // one input of products, in int8

 private:
  AlignedBuffer memory_;
};

// Called with what each product of weights gets as its input, x [n_tokens, weight.n_cols()].
using InputObserver = std::function<void(const Linear& linear, const float* x, int64_t n_tokens)>;

enum class LogitsFor { none, last, all };

// Consecutive tokens of one sequence, as a part of a batch.
struct Slice {
  std::span<const int32_t> tokens;  // at least one; every id checked
  const int32_t* pages = nullptr;   // of all positions up to the last token's, to be written
  int64_t first_position = 0;
  LogitsFor logits_for = LogitsFor::last;
};

struct ForwardArgs {
  std::span<const Slice> slices;  // together at most workspace.n_chunk tokens
  float* logits = nullptr;        // [tokens whose logits are asked for, in order; n_vocab]
  const std::function<bool()>* should_cancel = nullptr;  // polled before every layer
  const InputObserver* observe = nullptr;
};

// A flat batch through the network: stores its keys and values in the pages and computes logits.
// Order     no bit of the result depends on slices, chunks or threads (kernels.h, attention.h)
// Errors    cancelled: what the pages hold from first_position on is undefined
Status forward_llama(const Model& model, const Compute& compute, Workspace& workspace,
                     ops::KvPool& pool, const ForwardArgs& args);

}  // namespace cria::model
