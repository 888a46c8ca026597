// One reply in the making: from logits to tokens to the text that the caller sees.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cria/session.h"
#include "engine/seconds.h"
#include "engine/stop_text.h"
#include "model/model.h"
#include "sample/sampler.h"
#include "text/stream_decoder.h"

namespace cria::engine {

// From chosen ids to text: whole code points, and nothing of a stop text.
class ReplyText {
 public:
  ReplyText(const text::Tokenizer& tokenizer, bool at_text_start, const GenerateOptions& options,
            const PieceCallback& on_piece, std::string& text)
      : decoder_(tokenizer, at_text_start),
        stop_text_(options.stop),
        on_piece_(on_piece),
        text_(text) {}

  enum class Next { go_on, stop_text, cancelled };

  Status push(TokenId id, Next& next);
  // What is still held back comes out, unless a stop text ended the reply.
  Next finish();

 private:
  Next show(std::string_view text);
  bool deliver();

  text::StreamDecoder decoder_;
  StopText stop_text_;
  const PieceCallback& on_piece_;
  std::string& text_;
  std::string decoded_, shown_;
};

// Owns the sampler and the result; evaluates nothing. For one thread at a time.
class Generation {
 public:
  // at_text_start: nothing but a BOS stands before the reply. model, options and on_piece outlive
  // it.
  Generation(const model::Model& model, const GenerateOptions& options,
             const PieceCallback& on_piece, bool at_text_start);

  // What stands before the reply, for penalties of repetition.
  void accept(std::span<const TokenId> tokens);

  // The next token from the logits of the one before it, for the caller to evaluate; or none, and
  // the reply has ended. last: it has ended with this token, once that is evaluated.
  // context_full: there is no room for a token to be evaluated.
  struct Step {
    std::optional<TokenId> id;
    bool last = false;
  };
  Result<Step> next(std::span<const float> logits, bool context_full);

  // After the last step: what is still held back comes out.
  void finish();
  GenerateResult& result() { return result_; }
  const GenerateOptions& options() const { return options_; }
  // Tokens that may still come; INT64_MAX where nobody limits them.
  int64_t n_left() const;

 private:
  // The logits, those of tokens that may not come at -infinity.
  Result<std::span<const float>> constrained(std::span<const float> logits);

  const model::Model& model_;
  const GenerateOptions& options_;
  GenerateResult result_;
  sample::Sampler sampler_;
  ReplyText text_;
  std::string bytes_;           // of all tokens, for continuations
  std::vector<float> allowed_;  // what constrained() returns
};

}  // namespace cria::engine
