// The vocabulary of a synthetic model: one that exists already, or one made up.
#pragma once

#include <string>

#include "file/gguf_writer.h"
#include "model/vocabulary.h"

namespace cria::api {

// path "": n_vocab made-up SentencePiece pieces with all bytes, letters and short letter strings,
// and a ChatML template. Otherwise that file's vocabulary, whatever its size.
Result<model::VocabularySource> vocabulary_for_synth(const std::string& path, int n_vocab);

// Writes it under GGUF's tokenizer keys.
void add_vocabulary(const model::VocabularySource& source, file::GgufWriter& writer);

}  // namespace cria::api
