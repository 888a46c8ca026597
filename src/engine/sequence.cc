#include "engine/sequence.h"

#include <algorithm>

#include "base/cpu.h"
#include "base/str_cat.h"

namespace cria::engine {
namespace {

constexpr int kMaxChunk = 1 << 16;

Status check_range(const char* field, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return invalid_argument(field, ": found ", value, ", expected ", low, " to ", high);
}

DType dtype_of(KvType type) { return type == KvType::f16 ? DType::f16 : DType::f32; }

Status check_options(const SessionOptions& options) {
  CRIA_RETURN_IF_ERROR(check_range("n_ctx", options.n_ctx, 0, INT32_MAX));
  CRIA_RETURN_IF_ERROR(check_range("n_threads", options.n_threads, 0, ThreadPool::kMaxThreads));
  CRIA_RETURN_IF_ERROR(
      check_range("n_threads_prefill", options.n_threads_prefill, 0, ThreadPool::kMaxThreads));
  CRIA_RETURN_IF_ERROR(check_range("n_chunk", options.n_chunk, 1, kMaxChunk));
  if (options.k_type != options.v_type) {
    return invalid_argument(
        "k_type and v_type: found f16 and f32, expected the same type for both");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Sequence>> Sequence::create(std::shared_ptr<const model::Model> model,
                                                   const SessionOptions& options) {
  CRIA_RETURN_IF_ERROR(check_options(options));
  std::unique_ptr<Sequence> sequence(new Sequence);
  const model::Config& config = model->config;
  sequence->n_ctx_ = options.n_ctx > 0 ? options.n_ctx : config.n_ctx_train;
  auto cache = ops::KvCache::create({.n_layers = config.n_layers,
                                     .n_kv_heads = config.n_kv_heads,
                                     .head_dim = config.head_dim,
                                     .n_ctx = sequence->n_ctx_,
                                     .k_type = dtype_of(options.k_type),
                                     .v_type = dtype_of(options.v_type)});
  if (!cache.ok()) return cache.status();
  sequence->cache_ = std::move(*cache);
  auto workspace = model::Workspace::create(*model, std::min(options.n_chunk, sequence->n_ctx_));
  if (!workspace.ok()) return workspace.status();
  sequence->workspace_ = std::move(*workspace);
  const int n_threads = options.n_threads > 0 ? options.n_threads : n_usable_processors();
  auto pool = ThreadPool::create(std::min(n_threads, ThreadPool::kMaxThreads));
  if (!pool.ok()) return pool.status();
  sequence->decode_pool_ = std::move(*pool);
  if (options.n_threads_prefill > 0 && options.n_threads_prefill != n_threads) {
    auto prefill_pool = ThreadPool::create(options.n_threads_prefill);
    if (!prefill_pool.ok()) return prefill_pool.status();
    sequence->prefill_pool_ = std::move(*prefill_pool);
  }
  sequence->logits_.resize(static_cast<size_t>(config.n_vocab));
  sequence->model_ = std::move(model);
  return sequence;
}

Status Sequence::check(std::span<const TokenId> tokens) const {
  const auto n_held = static_cast<int64_t>(tokens_.size());
  const auto n_new = static_cast<int64_t>(tokens.size());
  if (n_held + n_new > n_ctx_) {
    return Status(StatusCode::context_full,
                  str_cat("the context is full: found ", n_held + n_new, " tokens (", n_held,
                          " held and ", n_new, " new), expected at most ", n_ctx_,
                          "; shorten the prompt or ask for a larger context"));
  }
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= model_->config.n_vocab) {
      return invalid_argument("token ", i, ": found id ", tokens[i], ", expected 0 to ",
                              model_->config.n_vocab - 1);
    }
  }
  return {};
}

Status Sequence::eval(std::span<const TokenId> tokens, const EvalOptions& options) {
  CRIA_RETURN_IF_ERROR(check(tokens));
  const bool decoding = tokens.size() == 1;
  const Compute compute{model_->kernels,
                        decoding || !prefill_pool_ ? *decode_pool_ : *prefill_pool_};
  const auto n_chunk = static_cast<size_t>(workspace_.n_chunk);
  const auto n_vocab = static_cast<size_t>(model_->config.n_vocab);
  for (size_t begin = 0; begin < tokens.size(); begin += n_chunk) {
    const std::span<const TokenId> chunk =
        tokens.subspan(begin, std::min(n_chunk, tokens.size() - begin));
    const bool all = !options.all_logits.empty();
    const bool last = begin + chunk.size() == tokens.size();
    CRIA_RETURN_IF_ERROR(model::forward_llama(
        *model_, compute, workspace_, cache_,
        {.tokens = chunk,
         .first_position = static_cast<int64_t>(tokens_.size() + begin),
         .logits_for = all    ? model::LogitsFor::all
                       : last ? model::LogitsFor::last
                              : model::LogitsFor::none,
         .logits = all ? options.all_logits.data() + begin * n_vocab : logits_.data(),
         .should_cancel = options.should_cancel,
         .observe = options.observe}));
    if (options.on_progress != nullptr && *options.on_progress) {
      (*options.on_progress)(static_cast<int>(begin + chunk.size()),
                             static_cast<int>(tokens.size()));
    }
  }
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  if (!tokens.empty()) has_logits_ = options.all_logits.empty();
  return {};
}

std::span<const float> Sequence::logits() const {
  return has_logits_ ? std::span<const float>(logits_) : std::span<const float>();
}

Status Sequence::rewind(int64_t n_tokens) {
  if (n_tokens < 0 || n_tokens > static_cast<int64_t>(tokens_.size())) {
    return invalid_argument("rewind: found ", n_tokens, ", expected 0 to the ", tokens_.size(),
                            " tokens held");
  }
  has_logits_ = has_logits_ && n_tokens == static_cast<int64_t>(tokens_.size());
  tokens_.resize(static_cast<size_t>(n_tokens));
  return {};
}

Status Sequence::rewind(int64_t n_tokens, std::span<const float> logits) {
  CRIA_RETURN_IF_ERROR(rewind(n_tokens));
  std::copy(logits.begin(), logits.end(), logits_.begin());
  has_logits_ = true;
  return {};
}

}  // namespace cria::engine
