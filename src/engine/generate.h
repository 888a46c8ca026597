// The loop from a prompt to a reply.
#pragma once

#include <string_view>
#include <vector>

#include "cria/session.h"
#include "engine/sequence.h"

namespace cria::engine {

// Ids of text as the next input of a sequence: BOS only where it is empty.
Result<std::vector<TokenId>> encode_prompt(const Sequence& sequence, std::string_view text,
                                           bool parse_special);
// Ids of a rendered conversation from its beginning, with exactly one BOS where the vocabulary asks
// for it, whether or not the template prints it.
Result<std::vector<TokenId>> encode_rendered(const model::Vocabulary& vocabulary,
                                             std::string_view rendered);

// Evaluates prompt (appended to the sequence), then samples until something ends it. Everything
// chosen is part of the sequence, the token that ended it excluded.
// Errors: invalid_argument (options; an empty prompt with nothing held); context_full, cancelled:
// the sequence as it was.
Result<GenerateResult> generate(Sequence& sequence, const std::vector<TokenId>& prompt,
                                const GenerateOptions& options, const PieceCallback& on_piece);

}  // namespace cria::engine
