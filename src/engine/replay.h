// A recorded reply, generated again without sampling: what is timed is the model and the guessing.
#pragma once

#include <span>

#include "cria/diagnose.h"
#include "engine/speculate.h"

namespace cria::engine {

// As cria::replay.
Result<ReplayTimes> replay(Sequence& sequence, Speculator& speculator,
                           std::span<const TokenId> prompt, std::span<const TokenId> reply,
                           const SpeculationOptions& speculation);

}  // namespace cria::engine
