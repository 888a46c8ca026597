// From a path to a Model: container, hyperparameters, tensors, vocabulary, kernels, in that order,
// each checked before the next.
#include <algorithm>

#include "base/cpu.h"
#include "base/str_cat.h"
#include "file/readers.h"
#include "gemm/matmul.h"
#include "kernels/dispatch.h"
#include "model/model.h"

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

Result<std::shared_ptr<const Model>> load(const std::string& path, const LoadOptions& options) {
  auto table = kernels::choose_table(options.isa, options.kernels_off);
  if (!table.ok()) return table.status();
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
  auto pool = ThreadPool::create(n_usable_processors());
  if (!pool.ok()) return pool.status();
  CRIA_RETURN_IF_ERROR(
      pack_weights(*model->catalog, {model->kernels, **pool}, options.on_progress, model->weights));
  return std::shared_ptr<const Model>(std::move(model));
}

Result<Workspace> Workspace::create(const Model& model, int64_t n_chunk) {
  const Config& config = model.config;
  const int64_t n_q = static_cast<int64_t>(config.n_heads) * config.head_dim;
  const int64_t n_kv = static_cast<int64_t>(config.n_kv_heads) * config.head_dim;
  const int64_t widest =
      std::max({static_cast<int64_t>(config.d_model), n_q, static_cast<int64_t>(config.d_ff)});
  Workspace ws;
  ws.n_chunk = n_chunk;
  ws.rows.resize(static_cast<size_t>(n_chunk));
  ws.tokens.resize(static_cast<size_t>(n_chunk));
  const struct {
    std::span<float>& span;
    int64_t width;
  } rows[] = {{ws.x, config.d_model},
              {ws.normed, config.d_model},
              {ws.q, n_q},
              {ws.k, n_kv},
              {ws.v, n_kv},
              {ws.attended, n_q},
              {ws.gate, config.d_ff},
              {ws.up, config.d_ff},
              {ws.cos_sin, static_cast<int64_t>(config.rope.n_rot)}};
  // Each part starts at a multiple of 16 floats, so that rows of usual widths are aligned.
  const auto padded = [](int64_t n) { return (n + 15) / 16 * 16; };
  int64_t n_floats = 0;
  for (const auto& row : rows) n_floats += padded(n_chunk * row.width);
  const uint64_t quantized_bytes = gemm::MatmulInput::scratch_bytes(model.kernels, n_chunk, widest,
                                                                    model.weights.min_group_size);
  auto memory = AlignedBuffer::allocate(static_cast<uint64_t>(n_floats) * 4 + quantized_bytes,
                                        "the intermediate values of a chunk");
  if (!memory.ok()) return memory.status();
  ws.memory_ = std::move(*memory);
  float* next = reinterpret_cast<float*>(ws.memory_.data());
  for (const auto& row : rows) {
    row.span = {next, static_cast<size_t>(n_chunk * row.width)};
    next += padded(n_chunk * row.width);
  }
  ws.quantized = {reinterpret_cast<std::byte*>(next), static_cast<size_t>(quantized_bytes)};
  return ws;
}

}  // namespace cria::model
