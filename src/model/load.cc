// From a path to a Model: container, hyperparameters, tensors, vocabulary, kernels, in that order,
// each checked before the next.
#include <algorithm>
#include <array>

#include "base/cpu.h"
#include "base/memory_use.h"
#include "base/str_cat.h"
#include "file/readers.h"
#include "gemm/matmul.h"
#include "kernels/dispatch.h"
#include "model/model.h"
#include "model/pack_cache.h"
#include "model/packed_file.h"

namespace cria::model {
namespace {

// A tokenizer.bin is read by file/ into the catalog; any other vocabulary file stands for itself.
Result<std::shared_ptr<const Vocabulary>> find_vocabulary(const file::Catalog& catalog,
                                                          const std::string& tokenizer_path) {
  const bool in_catalog = catalog.find("tokenizer.ggml.model") != nullptr;
  const bool from_checkpoint = catalog.format.starts_with("llama2.c");
  if (tokenizer_path.empty() || (from_checkpoint && in_catalog)) {
    return vocabulary_from_catalog(catalog);
  }
  return open_vocabulary(tokenizer_path);
}

Status check_vocabulary(const file::Catalog& catalog, const Config& config,
                        const Vocabulary& vocabulary) {
  const int n_tokens = vocabulary.tokenizer->n_vocab();
  if (n_tokens == config.n_vocab) return {};
  return corrupt(catalog.source_name, ": the vocabulary has ", n_tokens,
                 " tokens, expected as many as token_embd.weight has rows, ", config.n_vocab);
}

}  // namespace

Result<Checked> check(const file::Catalog& catalog, const std::string& tokenizer_path) {
  Checked checked;
  auto config = read_config(catalog);
  if (!config.ok()) return config.status();
  checked.config = std::move(*config);
  auto weights = bind_weights(catalog, checked.config);
  if (!weights.ok()) return weights.status();
  checked.weights = std::move(*weights);
  auto vocabulary = find_vocabulary(catalog, tokenizer_path);
  if (!vocabulary.ok()) return vocabulary.status();
  checked.vocabulary = std::move(*vocabulary);
  CRIA_RETURN_IF_ERROR(check_vocabulary(catalog, checked.config, *checked.vocabulary));
  return checked;
}

Result<std::shared_ptr<Model>> prepare(const std::string& path, const LoadOptions& options) {
  auto table = kernels::choose_table(options.isa, options.kernels_off);
  if (!table.ok()) return table.status();
  const uint64_t heap_before = heap_bytes();
  auto catalog = file::open_catalog(path, options.tokenizer_path);
  if (!catalog.ok()) return catalog.status();
  auto checked = check(**catalog, options.tokenizer_path);
  if (!checked.ok()) return checked.status();

  auto model = std::make_shared<Model>();
  model->path = path;
  model->catalog = std::move(*catalog);
  model->config = std::move(checked->config);
  model->weights = std::move(checked->weights);
  model->vocabulary = std::move(checked->vocabulary);
  model->kernels = *table;
  model->rope = std::make_unique<ops::RopeFrequencies>(model->config.rope);
  model->notes = model->catalog->notes;
  const std::vector<std::string>& notes = model->vocabulary->tokenizer->notes();
  model->notes.insert(model->notes.end(), notes.begin(), notes.end());
  if (!options.kernels_off.empty()) {
    model->notes.push_back("kernels switched off: " + options.kernels_off);
  }
  // Reading a vocabulary takes several times what it leaves behind, and nothing of like size comes
  // that would use the gap; the pages of the header are not read again.
  model->catalog->drop_all();
  release_free_heap();
  const uint64_t heap_now = heap_bytes();
  model->heap_bytes = heap_now > heap_before ? heap_now - heap_before : 0;
  return model;
}

Result<std::shared_ptr<const Model>> load(const std::string& path, const LoadOptions& options) {
  auto prepared = prepare(path, options);
  if (!prepared.ok()) return prepared.status();
  Model& model = **prepared;
  if (options.before_packing) CRIA_RETURN_IF_ERROR(options.before_packing(model));
  auto pool = ThreadPool::create(n_usable_processors());
  if (!pool.ok()) return pool.status();
  if (!options.packed_path.empty()) {
    CRIA_RETURN_IF_ERROR(attach_packed(options.packed_path, **pool, model));
    return std::shared_ptr<const Model>(std::move(*prepared));
  }
  const PackCache cache(options.pack_cache, options.pack_cache_bytes);
  if (!options.pack_cache.empty() && cache.attach(**pool, model)) {
    return std::shared_ptr<const Model>(std::move(*prepared));
  }
  CRIA_RETURN_IF_ERROR(
      pack_weights(*model.catalog, {model.kernels, **pool}, options.on_progress, model.weights));
  if (!options.pack_cache.empty()) cache.keep(model, options.on_progress);
  return std::shared_ptr<const Model>(std::move(*prepared));
}

namespace {

// Each part of a workspace starts at a multiple of 16 floats, so that rows of usual widths are
// aligned.
constexpr int kRowKinds = 9;
int64_t padded(int64_t n_floats) { return (n_floats + 15) / 16 * 16; }

// Widths of x, normed, q, k, v, attended, gate, up, cos_sin.
std::array<int64_t, kRowKinds> row_widths(const Config& config) {
  const int64_t n_q = static_cast<int64_t>(config.n_heads) * config.head_dim;
  const int64_t n_kv = static_cast<int64_t>(config.n_kv_heads) * config.head_dim;
  return {config.d_model, config.d_model, n_q,
          n_kv,           n_kv,           n_q,
          config.d_ff,    config.d_ff,    static_cast<int64_t>(config.rope.n_rot)};
}

uint64_t quantized_bytes(const Model& model, int64_t n_chunk) {
  uint64_t most = 0;
  for (const NamedLinear& each : named_linears(model.weights)) {
    most = std::max(most,
                    gemm::MatmulInput::scratch_bytes(model.kernels, n_chunk, each.linear->weight));
  }
  return most;
}

}  // namespace

uint64_t Workspace::size_bytes(const Model& model, int64_t n_chunk) {
  int64_t n_floats = 0;
  for (const int64_t width : row_widths(model.config)) n_floats += padded(n_chunk * width);
  return static_cast<uint64_t>(n_floats) * 4 + quantized_bytes(model, n_chunk);
}

Result<Workspace> Workspace::create(const Model& model, int64_t n_chunk) {
  auto memory =
      AlignedBuffer::allocate(size_bytes(model, n_chunk), "the intermediate values of a chunk");
  if (!memory.ok()) return memory.status();
  Workspace ws;
  ws.n_chunk = n_chunk;
  ws.rows.resize(static_cast<size_t>(n_chunk));
  ws.tokens.resize(static_cast<size_t>(n_chunk));
  ws.memory_ = std::move(*memory);
  float* next = reinterpret_cast<float*>(ws.memory_.data());
  const std::array<int64_t, kRowKinds> widths = row_widths(model.config);
  std::span<float>* const spans[kRowKinds] = {&ws.x,        &ws.normed, &ws.q,  &ws.k,      &ws.v,
                                              &ws.attended, &ws.gate,   &ws.up, &ws.cos_sin};
  for (size_t i = 0; i < widths.size(); ++i) {
    *spans[i] = {next, static_cast<size_t>(n_chunk * widths[i])};
    next += padded(n_chunk * widths[i]);
  }
  ws.quantized = {reinterpret_cast<std::byte*>(next),
                  static_cast<size_t>(quantized_bytes(model, n_chunk))};
  return ws;
}

}  // namespace cria::model
