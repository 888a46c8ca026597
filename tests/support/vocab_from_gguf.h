// A GGUF's vocabulary as data, for tests of the tokenizers alone: the shortest way from the file
// layer to the text layer, without the model layer's defaults and repairs.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "file/catalog.h"
#include "text/vocabulary.h"

namespace cria::testing {

inline text::VocabularyData vocab_from_gguf(const file::Catalog& catalog) {
  text::VocabularyData out;
  out.source_name = catalog.source_name;
  const auto get = [&catalog](const char* key, auto& value) {
    const Status status = catalog.get(std::string("tokenizer.ggml.") + key, value);
    EXPECT_TRUE(status.ok()) << status.message();
  };
  std::string_view model, pre;
  std::vector<std::string_view> tokens, merges;
  std::vector<int32_t> types;
  get("model", model);
  get("pre", pre);
  get("tokens", tokens);
  get("merges", merges);
  get("token_type", types);
  get("scores", out.scores);
  out.model = model;
  out.pre = pre;
  out.pieces.assign(tokens.begin(), tokens.end());
  out.merges.assign(merges.begin(), merges.end());
  for (const int32_t type : types) out.types.push_back(static_cast<text::PieceType>(type));
  get("bos_token_id", out.special.bos);
  get("eos_token_id", out.special.eos);
  get("unknown_token_id", out.special.unk);
  out.special.add_bos = model == "llama";
  get("add_bos_token", out.special.add_bos);
  get("add_eos_token", out.special.add_eos);
  get("add_space_prefix", out.add_space_prefix);
  get("remove_extra_whitespaces", out.remove_extra_whitespaces);
  return out;
}

}  // namespace cria::testing
