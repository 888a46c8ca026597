// A sequence as a file: tokens, keys and values, the last logits.
#pragma once

#include <string>

#include "engine/sequence.h"

namespace cria::engine {

// Written whole or not at all. Errors: io_error.
Status save_sequence(Sequence& sequence, const std::string& path);

// Makes the sequence what was saved, where that fits: the same model, types of keys and values, and
// kernel table (others would go on with other bits), at most n_ctx tokens. On any error the
// sequence is as it was. Errors: not_found, io_error; corrupt (position, field) where the file is
// damaged or no such file; invalid_argument where it is of another model or of other settings.
Status restore_sequence(const std::string& path, Sequence& sequence);

}  // namespace cria::engine
