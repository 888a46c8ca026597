// The two kinds of tokenizer, for tokenizer.cc, which chooses.
#pragma once

#include <memory>

#include "text/spm_model.h"
#include "text/tokenizer.h"

namespace cria::text {

// Errors: corrupt where data contradicts itself or the sentencepiece library refuses it.
Result<std::unique_ptr<Tokenizer>> make_spm_tokenizer(SpmModel model);

// Errors: corrupt where data contradicts itself; unsupported for an unknown pre-tokenizer.
Result<std::unique_ptr<Tokenizer>> make_bpe_tokenizer(VocabularyData data);

}  // namespace cria::text
