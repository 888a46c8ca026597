#include "cria/perplexity.h"

#include "api/guard.h"
#include "api/impl.h"
#include "engine/perplexity.h"

namespace cria {

Result<Perplexity> measure_perplexity(const Model& model, std::string_view text,
                                      const PerplexityOptions& options) {
  return api::guard([&]() -> Result<Perplexity> {
    const auto measured = engine::compare_on_text(model.impl().model, nullptr, text, options);
    if (!measured.ok()) return measured.status();
    return measured->model;
  });
}

Result<Divergence> measure_divergence(const Model& model, const Model& base, std::string_view text,
                                      const PerplexityOptions& options) {
  return api::guard([&] {
    return engine::compare_on_text(model.impl().model, base.impl().model, text, options);
  });
}

}  // namespace cria
