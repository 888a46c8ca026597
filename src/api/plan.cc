#include "cria/plan.h"

#include "api/guard.h"
#include "api/kernel_choice.h"
#include "api/planner.h"

namespace cria {

Result<MemoryPlan> plan_memory(const std::string& path, const ModelOptions& options) {
  return api::guard([&]() -> Result<MemoryPlan> {
    CRIA_RETURN_IF_ERROR(api::check_plan_options(options));
    const auto model =
        model::prepare(path, {.tokenizer_path = options.tokenizer_path,
                              .isa = api::isa_or_environment(options.isa),
                              .kernels_off = api::off_or_environment(options.kernels_off)});
    if (!model.ok()) return model.status();
    return api::make_plan(**model, api::measure_footing(**model), options);
  });
}

}  // namespace cria
