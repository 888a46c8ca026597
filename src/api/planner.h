// From what a model and its sequences take to a plan for people, and to the context that fits.
#pragma once

#include <string>

#include "cria/plan.h"
#include "model/model.h"

namespace cria::api {

// The process when nothing big has been taken yet.
struct Footing {
  uint64_t program_bytes = 0;
};
// Requires: model was just prepared.
Footing measure_footing(const model::Model& model);

// Errors: invalid_argument (field, value, range)
Status check_plan_options(const ModelOptions& options);
// Requires: check_plan_options(options) is ok.
MemoryPlan make_plan(const model::Model& model, const Footing& footing,
                     const ModelOptions& options);
// Errors: out_of_memory where it does not fit, with what would.
Status check_fits(const MemoryPlan& plan, const model::Model& model, const ModelOptions& options);

// A model that was opened with a budget.
struct BudgetedModel {
  Footing footing;
  ModelOptions options;
  MemoryPlan plan;

  // The options of a session within the budget. Errors: as check_fits.
  Result<SessionOptions> admit(const model::Model& model, const SessionOptions& session) const;
};

}  // namespace cria::api
