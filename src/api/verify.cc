// The kernels that would run here, against their definition.
#include "kernels/verify.h"

#include "api/guard.h"
#include "api/kernel_choice.h"
#include "cria/diagnose.h"

namespace cria {

Result<std::vector<KernelCheck>> verify_kernels(const std::string& isa,
                                                const std::function<bool()>& should_cancel) {
  return api::guard([&]() -> Result<std::vector<KernelCheck>> {
    const std::vector<kernels::Candidate> candidates = kernels::candidates();
    const auto tables = kernels::taking_part(candidates, api::isa_or_environment(isa));
    if (!tables.ok()) return tables.status();
    bool cancelled = false;
    const auto should_stop = [&] {
      cancelled = cancelled || (should_cancel && should_cancel());
      return cancelled;
    };
    std::vector<KernelCheck> checks;
    for (const kernels::Table* table : *tables) {
      if (table == candidates.front().table) continue;  // the definition
      for (kernels::SlotCheck& check : kernels::verify(*table, should_stop)) {
        checks.push_back({std::move(check.slot), std::move(check.difference)});
      }
    }
    if (cancelled) return Status(StatusCode::cancelled, "cancelled while verifying kernels");
    return checks;
  });
}

}  // namespace cria
