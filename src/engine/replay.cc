#include "engine/replay.h"

#include <chrono>

#include "engine/generate.h"
#include "engine/seconds.h"

namespace cria::engine {

Result<ReplayTimes> replay(Sequence& sequence, Speculator& speculator,
                           std::span<const TokenId> prompt, std::span<const TokenId> reply,
                           const SpeculationOptions& speculation) {
  GenerateOptions options;
  options.speculation = speculation;
  CRIA_RETURN_IF_ERROR(check(options, *sequence.model().vocabulary));
  const bool guesses = speculator.wanted(speculation);
  if (guesses) CRIA_RETURN_IF_ERROR(speculator.prepare(sequence, speculation));
  ReplayTimes times;
  auto start = std::chrono::steady_clock::now();
  CRIA_RETURN_IF_ERROR(sequence.eval(prompt, {}));
  times.prompt_seconds = seconds_since(start);
  start = std::chrono::steady_clock::now();
  Lookahead text(sequence, guesses ? &speculator : nullptr, options);
  for (size_t i = 0; i < reply.size(); ++i) {
    CRIA_RETURN_IF_ERROR(text.advance(reply[i], static_cast<int64_t>(reply.size() - 1 - i)));
  }
  text.settle();
  times.reply_seconds = seconds_since(start);
  times.n_drafted = text.n_drafted();
  times.n_accepted = text.n_accepted();
  return times;
}

}  // namespace cria::engine
