// The loop from a prompt to a reply.
#pragma once

#include <string_view>
#include <vector>

#include "cria/session.h"
#include "engine/sequence.h"
#include "engine/speculate.h"

namespace cria::engine {

// Errors: invalid_argument naming field, value and range.
Status check(const GenerateOptions& options, const model::Vocabulary& vocabulary);

// Ids of a text that begins a sequence of at most n_ctx tokens.
Result<std::vector<TokenId>> encode_text(const model::Vocabulary& vocabulary, std::string_view text,
                                         bool parse_special, int64_t n_ctx);
// Ids of text as the next input of a sequence: BOS only where it is empty. may_drop: what is held
// may make room for it.
Result<std::vector<TokenId>> encode_prompt(const Sequence& sequence, std::string_view text,
                                           bool parse_special, bool may_drop = false);
// For an empty prompt, which goes on from what is held: sees to the logits. Errors:
// invalid_argument where nothing is held; cancelled.
Status start_from_held(Sequence& sequence, const std::function<bool()>& should_cancel);
// Ids of a rendered conversation from its beginning, with exactly one BOS where the vocabulary asks
// for it, whether or not the template prints it. Special tokens are those of the template alone:
// hide_special() has to have run over what the messages say.
Result<std::vector<TokenId>> encode_rendered(const model::Vocabulary& vocabulary,
                                             std::string_view rendered, std::string_view mark);
// A text that no message holds.
std::string unused_mark(const std::vector<ChatMessage>& messages);
// Puts mark inside every special token that a message spells out, so that a user cannot forge a
// turn; encode_rendered takes it out again.
void hide_special(const text::Tokenizer& tokenizer, std::string_view mark,
                  std::vector<ChatMessage>& messages);

// Evaluates prompt (appended to the sequence), then samples until something ends it. Everything
// chosen is part of the sequence, the token that ended it excluded, and the last one where the
// context was full before it. An empty prompt goes on from what is held. Errors: invalid_argument
// (options; an empty prompt with nothing held); context_full, cancelled: the sequence as it was.
// speculator: made for this sequence, or null for plain decoding whatever the options say.
Result<GenerateResult> generate(Sequence& sequence, const std::vector<TokenId>& prompt,
                                const GenerateOptions& options, const PieceCallback& on_piece,
                                Speculator* speculator = nullptr);

}  // namespace cria::engine
