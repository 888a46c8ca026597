#include "cria/diagnose.h"

#include "api/guard.h"
#include "api/impl.h"
#include "base/build_id.h"
#include "base/cpu.h"
#include "engine/replay.h"
#include "kernels/dispatch.h"

namespace cria {

const char* version() { return CRIA_VERSION; }

BuildInfo build_info() { return {CRIA_BUILD_COMMIT, CRIA_BUILD_NUMBER, build_id()}; }

std::string cpu_name() {
  std::string name = cpu_model_name();
  return name.empty() ? describe_cpu_features() : name;
}

std::string cpu_description() { return describe_cpu_features(); }

std::vector<std::string> kernel_tables() {
  const std::vector<std::string_view> names = kernels::runnable_tables();
  return {names.begin(), names.end()};
}

Result<std::vector<float>> all_position_logits(const Model& model,
                                               const std::vector<TokenId>& tokens,
                                               const SessionOptions& options) {
  return api::guard([&]() -> Result<std::vector<float>> {
    auto sequence = engine::Sequence::create(model.impl().model, options);
    if (!sequence.ok()) return sequence.status();
    std::vector<float> logits;
    if (tokens.size() > static_cast<size_t>((*sequence)->n_ctx())) {
      return (*sequence)->eval(tokens, {});  // context_full, with both numbers
    }
    logits.resize(tokens.size() * static_cast<size_t>(model.info().n_vocab));
    CRIA_RETURN_IF_ERROR((*sequence)->eval(tokens, {.all_logits = logits}));
    return logits;
  });
}

Result<ReplayTimes> replay(Session& session, const std::vector<TokenId>& prompt,
                           const std::vector<TokenId>& reply,
                           const SpeculationOptions& speculation) {
  return api::guard([&] {
    Session::Impl& impl = session.impl();
    return engine::replay(*impl.sequence, *impl.speculator, prompt, reply, speculation);
  });
}

}  // namespace cria
