// A text in chunks of one length, and a model's logits for each of their positions.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/sequence.h"

namespace cria::engine {

struct TextChunks {
  std::vector<TokenId> tokens;  // of the whole text
  int n_ctx = 0;                // tokens of a chunk
  TokenId bos = -1;             // stands first in every chunk; -1: nothing does

  int n_chunks() const { return static_cast<int>(tokens.size()) / n_ctx; }
  std::vector<TokenId> chunk(int i) const;
};

// n_ctx becomes as many tokens as the text has where it has fewer.
// Errors: invalid_argument for n_ctx or a text of fewer than 4 tokens; those of the tokenizer.
Result<TextChunks> chunk_text(const model::Vocabulary& vocabulary, std::string_view text,
                              int n_ctx);

// Logits of one chunk after the other, a piece at a time: those of all positions of a large
// vocabulary at once would take more memory than a small model.
class ChunkLogits {
 public:
  static constexpr int64_t kPiece = 128;  // positions

  // Errors: as Sequence::create.
  static Result<ChunkLogits> create(std::shared_ptr<const model::Model> model, int n_ctx,
                                    int n_threads, KvType k_type = KvType::f16,
                                    KvType v_type = KvType::f16);

  std::function<bool()> should_cancel = {};
  model::InputObserver observe = {};  // of the inputs of all products

  // Begins a chunk. Evaluates the tokens before `first` without their logits.
  Status start(std::span<const TokenId> before_first);
  // Goes on with at most kPiece tokens. Errors: as Sequence::eval; corrupt for a logit that is not
  // finite.
  Status next(std::span<const TokenId> tokens);
  // Of token i of the last piece.
  std::span<const float> row(int64_t i) const;

 private:
  std::unique_ptr<Sequence> sequence_;
  std::vector<float> logits_;  // [kPiece, n_vocab]
};

}  // namespace cria::engine
