// The formats that can be read. Every reader treats its bytes as hostile: the 16 points of the
// checklist in tests/file/checklist_test.cc.
#pragma once

#include <memory>
#include <string>

#include "file/catalog.h"

namespace cria::file {

// Opens a model by content, not by name: GGUF (following "...-00001-of-000NN.gguf" to its other
// shards) or a llama2.c checkpoint. tokenizer_path is needed by llama2.c checkpoints (their
// vocabulary is a file of its own, tokenizer.bin; "" leaves the catalog without a vocabulary) and
// must be empty or a SentencePiece .model / tokenizer.bin otherwise; only tokenizer.bin is read
// here. Errors: not_found, io_error, corrupt, unsupported, out_of_memory; messages name file, byte
// position, found and expected.
Result<std::shared_ptr<const Catalog>> open_catalog(const std::string& path,
                                                    const std::string& tokenizer_path);

// The parsers behind it, on bytes that outlive the catalog; name stands in messages.
Result<std::shared_ptr<Catalog>> read_gguf(Bytes bytes, std::string_view name);
Result<std::shared_ptr<Catalog>> read_llama2c(Bytes bytes, std::string_view name);
// Puts the vocabulary of a llama2.c tokenizer.bin under GGUF's tokenizer keys ("▁" for its spaces),
// in place of any vocabulary that the catalog has. Copies: bytes may go afterwards. On an error the
// catalog is as it was.
// A catalog without a format (no model) takes all tokens of the file; another has to say the size
// of its vocabulary (llama.vocab_size, or the rows of token_embd.weight), which a tokenizer.bin
// does not hold. Errors: corrupt.
Status read_llama2c_tokenizer(Bytes bytes, std::string_view name, Catalog& catalog);

// True for bytes that begin with GGUF's magic, or that end inside it.
bool looks_like_gguf(Bytes bytes);
// True for the magic of llama2.c checkpoints of version 1 and later; the legacy format has none.
bool looks_like_llama2c(Bytes bytes);
// True for what may be a tokenizer.bin: it has no magic, but the longest piece that it names in its
// first four bytes is short, which no SentencePiece .model looks like.
bool looks_like_llama2c_tokenizer(Bytes bytes);

}  // namespace cria::file
