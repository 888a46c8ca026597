// The likeliest continuations of a prompt, several kept at once.
#pragma once

#include <vector>

#include "cria/session.h"
#include "engine/sequence.h"

namespace cria::engine {

// Errors: invalid_argument naming field, value and range.
Status check(const BeamOptions& options);

// Evaluates prompt (appended to the sequence) and searches from there; best first, at least one.
// Beams share the pages of what they have in common. The sequence then holds the prompt and the
// best one. Errors: as generate(), and cancelled; on any the sequence holds what it held, or
// nothing where a sliding window has left that behind meanwhile. Source: Graves 2012, "Sequence
// transduction with recurrent neural networks"; the penalty of length: Wu et al. 2016, "Google's
// neural machine translation system", in its simple form.
Result<std::vector<Beam>> beam_search(Sequence& sequence, const std::vector<TokenId>& prompt,
                                      const BeamOptions& options);

}  // namespace cria::engine
