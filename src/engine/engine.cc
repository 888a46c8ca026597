#include "engine/engine.h"

#include <algorithm>

#include "base/cpu.h"
#include "base/str_cat.h"
#include "ops/kv_shift.h"

namespace cria::engine {
namespace {

constexpr int kMaxChunk = 1 << 16;

Status check_range(const char* field, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return invalid_argument(field, ": found ", value, ", expected ", low, " to ", high);
}

DType dtype_of(KvType type) {
  switch (type) {
    case KvType::f32:
      return DType::f32;
    case KvType::q8_0:
      return DType::q8_0;
    case KvType::q4_0:
      return DType::q4_0;
    case KvType::f16:
      break;
  }
  return DType::f16;
}

Result<std::unique_ptr<ThreadPool>> threads(int n_asked) {
  const int n = n_asked > 0 ? n_asked : n_usable_processors();
  return ThreadPool::create(std::min(n, ThreadPool::kMaxThreads));
}

// More rows than this in a batch are worth the threads of prefill.
constexpr size_t kMaxDecodeRows = 1;

}  // namespace

Result<ops::KvShape> kv_shape(const model::Config& config, KvType k_type, KvType v_type) {
  const ops::KvShape shape{.n_layers = config.n_layers,
                           .n_kv_heads = config.n_kv_heads,
                           .head_dim = config.head_dim,
                           .k_type = dtype_of(k_type),
                           .v_type = dtype_of(v_type)};
  CRIA_RETURN_IF_ERROR(ops::check(shape));
  return shape;
}

Result<std::shared_ptr<Engine>> Engine::create(std::shared_ptr<const model::Model> model,
                                               const EngineConfig& config) {
  CRIA_RETURN_IF_ERROR(check_range("n_threads", config.n_threads, 0, ThreadPool::kMaxThreads));
  CRIA_RETURN_IF_ERROR(
      check_range("n_threads_prefill", config.n_threads_prefill, 0, ThreadPool::kMaxThreads));
  CRIA_RETURN_IF_ERROR(check_range("n_chunk", config.n_chunk, 1, kMaxChunk));
  auto shape = kv_shape(model->config, config.k_type, config.v_type);
  if (!shape.ok()) return shape.status();
  std::shared_ptr<Engine> engine(new Engine);
  auto pool = ops::KvPool::create(*shape, ops::KvPool::pages_for(config.n_kv_tokens));
  if (!pool.ok()) return pool.status();
  engine->pool_ = std::move(*pool);
  const int64_t n_chunk =
      std::min<int64_t>(config.n_chunk, std::max<int64_t>(1, config.n_kv_tokens));
  auto workspace = model::Workspace::create(*model, n_chunk);
  if (!workspace.ok()) return workspace.status();
  engine->workspace_ = std::move(*workspace);
  auto decode_pool = threads(config.n_threads);
  if (!decode_pool.ok()) return decode_pool.status();
  engine->decode_pool_ = std::move(*decode_pool);
  if (config.n_threads_prefill > 0 && config.n_threads_prefill != engine->n_threads()) {
    auto prefill_pool = threads(config.n_threads_prefill);
    if (!prefill_pool.ok()) return prefill_pool.status();
    engine->prefill_pool_ = std::move(*prefill_pool);
  }
  if (config.keep_prefixes) engine->prefixes_ = std::make_unique<PrefixTree>(engine->pool_);
  engine->model_ = std::move(model);
  return engine;
}

int32_t Engine::take_page() {
  const int32_t page = pool_.take();
  if (page >= 0 || prefixes_ == nullptr || prefixes_->n_pages() == 0) return page;
  // A page that nobody else holds may stand above one that somebody does: then all of them go,
  // which takes nothing from those who hold pages.
  if (!prefixes_->evict()) prefixes_->clear();
  return take_page();
}

void Engine::move_back(const int32_t* from, const int32_t* to, int64_t first, int64_t end,
                       int64_t n_back) {
  ops::move_back({model_->kernels, *decode_pool_}, pool_, *model_->rope, from, to, first, end,
                 n_back);
}

Status Engine::forward(const model::ForwardArgs& args) {
  size_t n_rows = 0;
  for (const model::Slice& slice : args.slices) n_rows += slice.tokens.size();
  const bool decoding = n_rows <= kMaxDecodeRows || !prefill_pool_;
  return model::forward_llama(*model_, {model_->kernels, decoding ? *decode_pool_ : *prefill_pool_},
                              workspace_, pool_, args);
}

}  // namespace cria::engine
