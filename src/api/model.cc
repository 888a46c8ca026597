#include "cria/model.h"

#include "api/guard.h"
#include "api/impl.h"
#include "api/kernel_choice.h"

namespace cria {
namespace {

ModelInfo describe(const model::Model& loaded) {
  const model::Config& config = loaded.config;
  return {.path = loaded.path,
          .format = loaded.catalog->format,
          .architecture = config.architecture_name,
          .name = config.name,
          .kernels = loaded.kernels.name,
          .n_params = loaded.weights.n_params,
          .weight_bytes = loaded.weights.size_bytes,
          .n_layers = config.n_layers,
          .n_heads = config.n_heads,
          .n_kv_heads = config.n_kv_heads,
          .head_dim = config.head_dim,
          .d_model = config.d_model,
          .d_ff = config.d_ff,
          .n_vocab = config.n_vocab,
          .n_ctx_train = config.n_ctx_train,
          .rope_base = static_cast<float>(config.rope.base),
          .sliding_window = config.sliding_window};
}

}  // namespace

Result<Model> Model::open(const std::string& path, const ModelOptions& options) {
  return api::guard([&]() -> Result<Model> {
    auto loaded = model::load(path, {.tokenizer_path = options.tokenizer_path,
                                     .isa = api::isa_or_environment(options.isa),
                                     .kernels_off = api::off_or_environment(options.kernels_off),
                                     .on_progress = options.on_progress});
    if (!loaded.ok()) return loaded.status();
    const Tokenizer tokenizer(
        std::make_shared<Tokenizer::Impl>(Tokenizer::Impl{(*loaded)->vocabulary}));
    ModelInfo info = describe(**loaded);
    return Model(std::make_shared<Impl>(Impl{std::move(*loaded), std::move(info), tokenizer}));
  });
}

const ModelInfo& Model::info() const { return impl_->info; }
const Tokenizer& Model::tokenizer() const { return impl_->tokenizer; }
const std::vector<std::string>& Model::notes() const { return impl_->model->notes; }

namespace {

// draft: null for none.
Result<Session> make_session(const std::shared_ptr<const model::Model>& model,
                             const SessionOptions& options,
                             std::shared_ptr<const model::Model> draft) {
  auto sequence = engine::Sequence::create(model, options);
  if (!sequence.ok()) return sequence.status();
  auto speculator = engine::Speculator::create(**sequence, std::move(draft), options);
  if (!speculator.ok()) return speculator.status();
  return Session(
      std::make_unique<Session::Impl>(Session::Impl{std::move(*sequence), std::move(*speculator)}));
}

}  // namespace

Result<Session> Model::new_session(const SessionOptions& options) const {
  return api::guard([&] { return make_session(impl_->model, options, nullptr); });
}

Result<Session> Model::new_session(const SessionOptions& options, const Model& draft) const {
  return api::guard([&] { return make_session(impl_->model, options, draft.impl_->model); });
}

}  // namespace cria
