// How much memory a model and its sequences take, computed before they are made. Knows what
// Sequence, Workspace and the weights allocate; keep it beside them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cria/session.h"
#include "model/model.h"

namespace cria::engine {

// All in bytes that are resident once every context is full; sums saturate at UINT64_MAX.

// Matrices of one type. kernel null: read where they stand in the file.
struct WeightGroup {
  DType dtype;
  const kernels::PackedKernel* kernel = nullptr;
  int count = 0;
  uint64_t file_bytes = 0;
  uint64_t held_bytes = 0;
};
// Of a model that is prepared or loaded; the embedding that is looked up is not among them.
std::vector<WeightGroup> weight_groups(const model::Model& model);
// What stays resident of the embedding: nothing where its rows are read out of the file, nor where
// it is also multiplied by as it stands, and so is among the matrices.
uint64_t embedding_bytes(const model::Model& model);

// What one sequence and a conversation on it take.
struct SequenceMemory {
  uint64_t kv = 0;
  uint64_t workspace = 0;  // with logits and what sampling needs
  uint64_t text = 0;       // the conversation as text and as tokens
  uint64_t threads = 0;
};
// Requires: n_ctx > 0; options as Sequence::create wants them.
SequenceMemory sequence_memory(const model::Model& model, const SessionOptions& options,
                               int64_t n_ctx);

// Of the KV cache alone: the one place that knows how positions become bytes.
uint64_t kv_cache_bytes(const model::Config& config, const SessionOptions& options, int64_t n_ctx);

}  // namespace cria::engine
