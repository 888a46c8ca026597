#include "engine/memory_plan.h"

#include <algorithm>

#include "base/checked.h"
#include "base/cpu.h"
#include "base/memory_use.h"
#include "engine/sequence.h"

namespace cria::engine {
namespace {

// What a thread's stack and bookkeeping hold once it has worked: most of it the keys and values of
// a block of positions (kernels/shared/attend.inl.h).
constexpr uint64_t kThreadBytes = 160 << 10;

// A token of a conversation: its id here and with the caller, some five bytes of text with the
// program, in the reply and as it was joined, and room that vectors keep when they grow.
constexpr uint64_t kTextBytesPerToken = 64;

// For each token of the vocabulary: the last logits, a copy with bias and penalties, a candidate
// and a count (sampler.h).
constexpr uint64_t kSamplingBytesPerToken = 4 + 4 + 16 + 4;

uint64_t whole_pages(uint64_t bytes) {
  return checked_align_up(bytes, page_bytes()).value_or(UINT64_MAX);
}

uint64_t mapped_bytes(const TensorView& w) {
  const uint64_t scales =
      w.group_size > 0 ? static_cast<uint64_t>(w.n_elems() / w.group_size) * sizeof(float) : 0;
  return whole_pages(w.size_bytes) + whole_pages(scales);
}

}  // namespace

std::vector<WeightGroup> weight_groups(const model::Model& model) {
  std::vector<WeightGroup> groups;
  for (const model::NamedLinear& each : model::named_linears(model.weights)) {
    const TensorView& w = each.linear->weight;
    const kernels::PackedKernel* kernel = gemm::packed_kernel(model.kernels, w.dtype);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const WeightGroup& g) { return g.dtype == w.dtype; });
    if (group == groups.end()) {
      group = groups.insert(groups.end(), {.dtype = w.dtype, .kernel = kernel});
    }
    ++group->count;
    group->file_bytes += w.size_bytes;
    group->held_bytes +=
        kernel != nullptr ? whole_pages(gemm::packed_bytes(model.kernels, w)) : mapped_bytes(w);
  }
  return groups;
}

uint64_t embedding_bytes(const model::Model& model) {
  const TensorView& table = model.weights.embedding;
  const bool as_it_stands = gemm::packed_kernel(model.kernels, table.dtype) == nullptr;
  if (as_it_stands && model.weights.tied_output) return 0;
  return as_it_stands || model::keeps_embedding(model.weights) ? mapped_bytes(table) : 0;
}

uint64_t kv_cache_bytes(const model::Config& config, const SessionOptions& options, int64_t n_ctx) {
  const auto shape = kv_shape(config, options.k_type, options.v_type);
  const int64_t n_held = Sequence::most_held(config, n_ctx, options.n_chunk);
  return shape.ok() ? ops::KvPool::bytes_for(*shape, n_held) : 0;
}

SequenceMemory sequence_memory(const model::Model& model, const SessionOptions& options,
                               int64_t n_ctx) {
  const int64_t n_chunk = std::min<int64_t>(options.n_chunk, n_ctx);
  const auto n_vocab = static_cast<uint64_t>(model.config.n_vocab);
  const int n_threads = options.n_threads > 0 ? options.n_threads : n_usable_processors();
  const bool own_prefill = options.n_threads_prefill > 0 && options.n_threads_prefill != n_threads;
  // Of each pool one is the caller's own thread.
  const int n_started = n_threads - 1 + (own_prefill ? options.n_threads_prefill - 1 : 0);
  return {.kv = kv_cache_bytes(model.config, options, n_ctx),
          .workspace = whole_pages(model::Workspace::size_bytes(model, n_chunk)) +
                       n_vocab * kSamplingBytesPerToken,
          .text = static_cast<uint64_t>(n_ctx) * kTextBytesPerToken,
          .threads = static_cast<uint64_t>(n_started) * kThreadBytes};
}

}  // namespace cria::engine
