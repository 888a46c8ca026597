#include "cria/model.h"

#include "api/guard.h"
#include "api/impl.h"
#include "api/kernel_choice.h"
#include "model/packed_file.h"

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
    if (options.pack_cache_bytes < 0) {
      return invalid_argument("pack_cache_bytes: found ", options.pack_cache_bytes,
                              ", expected 0 or more");
    }
    std::optional<api::BudgetedModel> budgeted;
    const auto keep_budget = [&](const model::Model& prepared) -> Status {
      if (options.memory_budget == 0) return {};
      CRIA_RETURN_IF_ERROR(api::check_plan_options(options));
      const api::Footing footing = api::measure_footing(prepared);
      MemoryPlan plan = api::make_plan(prepared, footing, options);
      CRIA_RETURN_IF_ERROR(api::check_fits(plan, prepared, options));
      budgeted.emplace(api::BudgetedModel{footing, options, std::move(plan)});
      budgeted->options.on_progress = nullptr;  // what it refers to may not outlive this call
      return {};
    };
    auto loaded =
        model::load(path, {.tokenizer_path = options.tokenizer_path,
                           .isa = api::isa_or_environment(options.isa),
                           .kernels_off = api::off_or_environment(options.kernels_off),
                           .packed_path = options.packed_path,
                           .pack_cache = options.pack_cache,
                           .pack_cache_bytes = static_cast<uint64_t>(options.pack_cache_bytes),
                           .on_progress = options.on_progress,
                           .before_packing = keep_budget});
    if (!loaded.ok()) return loaded.status();
    const Tokenizer tokenizer(
        std::make_shared<Tokenizer::Impl>(Tokenizer::Impl{(*loaded)->vocabulary}));
    ModelInfo info = describe(**loaded);
    return Model(std::make_shared<Impl>(
        Impl{std::move(*loaded), std::move(info), tokenizer, std::move(budgeted)}));
  });
}

const ModelInfo& Model::info() const { return impl_->info; }
const Tokenizer& Model::tokenizer() const { return impl_->tokenizer; }
const std::vector<std::string>& Model::notes() const { return impl_->model->notes; }

Status Model::save_packed(const std::string& path,
                          const std::function<bool(double)>& on_progress) const {
  return api::guard([&] { return model::save_packed(*impl_->model, path, on_progress); });
}

const MemoryPlan* Model::memory_plan() const {
  return impl_->budgeted ? &impl_->budgeted->plan : nullptr;
}

namespace {

// draft: null for none. It is not part of a memory budget.
Result<Session> make_session(const Model::Impl& model, const SessionOptions& options,
                             std::shared_ptr<const model::Model> draft) {
  SessionOptions admitted = options;
  if (model.budgeted) {
    auto within = model.budgeted->admit(*model.model, options);
    if (!within.ok()) return within.status();
    admitted = *within;
  }
  auto sequence = engine::Sequence::create(model.model, admitted);
  if (!sequence.ok()) return sequence.status();
  auto speculator = engine::Speculator::create(**sequence, std::move(draft), admitted);
  if (!speculator.ok()) return speculator.status();
  return Session(
      std::make_unique<Session::Impl>(Session::Impl{std::move(*sequence), std::move(*speculator)}));
}

}  // namespace

Result<Session> Model::new_session(const SessionOptions& options) const {
  return api::guard([&] { return make_session(*impl_, options, nullptr); });
}

Result<Session> Model::new_session(const SessionOptions& options, const Model& draft) const {
  return api::guard([&] { return make_session(*impl_, options, draft.impl_->model); });
}

}  // namespace cria
