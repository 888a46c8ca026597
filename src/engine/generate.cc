#include "engine/generate.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/str_cat.h"
#include "engine/seconds.h"
#include "engine/stop_text.h"
#include "sample/sampler.h"
#include "text/stream_decoder.h"

namespace cria::engine {
namespace {

// From chosen ids to the text that the caller sees.
class Output {
 public:
  Output(const text::Tokenizer& tokenizer, bool at_text_start, const GenerateOptions& options,
         const PieceCallback& on_piece, GenerateResult& result)
      : decoder_(tokenizer, at_text_start),
        stop_text_(options.stop),
        on_piece_(on_piece),
        result_(result) {}

  enum class Next { go_on, stop_text, cancelled };

  Status push(TokenId id, Next& next) {
    decoded_.clear();
    CRIA_RETURN_IF_ERROR(decoder_.push(id, decoded_));
    next = show(decoded_);
    return {};
  }

  // What is still held back comes out, unless a stop text ended the generation.
  Next finish() {
    decoded_.clear();
    decoder_.finish(decoded_);
    const Next next = show(decoded_);
    if (next == Next::stop_text) return next;
    shown_.clear();
    stop_text_.finish(shown_);
    return deliver() ? next : Next::cancelled;
  }

 private:
  Next show(std::string_view text) {
    shown_.clear();
    const bool stopped = stop_text_.push(text, shown_);
    const bool wanted = deliver();
    return stopped ? Next::stop_text : wanted ? Next::go_on : Next::cancelled;
  }

  bool deliver() {
    if (shown_.empty()) return true;
    result_.text += shown_;
    return !on_piece_ || on_piece_(shown_) == Continue::yes;
  }

  text::StreamDecoder decoder_;
  StopText stop_text_;
  const PieceCallback& on_piece_;
  GenerateResult& result_;
  std::string decoded_, shown_;
};

// Tokens that may still come.
int64_t n_left(const GenerateOptions& options, const GenerateResult& result) {
  return options.max_tokens < 0 ? INT64_MAX : options.max_tokens - result.n_generated;
}

// Samples, shows and evaluates until something ends it.
Status decode_loop(const Sequence& sequence, Lookahead& text, sample::Sampler& sampler,
                   Output& output, const GenerateOptions& options, GenerateResult& result) {
  const model::Vocabulary& vocabulary = *sequence.model().vocabulary;
  while (true) {
    if (options.max_tokens >= 0 && result.n_generated >= options.max_tokens) {
      result.finish = FinishReason::max_tokens;
      return {};
    }
    if (options.should_cancel && options.should_cancel()) {
      result.finish = FinishReason::cancelled;
      return {};
    }
    auto id = sampler.sample(text.logits());
    if (!id.ok()) {
      return corrupt(sequence.model().path,
                     ": the weights give no usable logits: ", id.status().message(),
                     "; download or convert the model again");
    }
    if (!options.ignore_eos && vocabulary.is_stop(*id)) {
      result.finish = FinishReason::stop_token;
      return {};
    }
    sampler.accept(*id);
    ++result.n_generated;
    Output::Next next = Output::Next::go_on;
    CRIA_RETURN_IF_ERROR(output.push(*id, next));
    const bool last = options.max_tokens >= 0 && result.n_generated >= options.max_tokens;
    if (text.n_tokens() >= sequence.n_ctx()) {
      result.finish = next == Output::Next::stop_text ? FinishReason::stop_text
                      : last                          ? FinishReason::max_tokens
                                                      : FinishReason::context_full;
      return {};
    }
    const bool goes_on = next == Output::Next::go_on;
    CRIA_RETURN_IF_ERROR(text.advance(*id, goes_on ? n_left(options, result) : 0));
    if (next == Output::Next::go_on) continue;
    result.finish =
        next == Output::Next::stop_text ? FinishReason::stop_text : FinishReason::cancelled;
    return {};
  }
}

// Stop tokens may not be chosen at all: a bias of minus infinity on each.
SamplingOptions effective_sampling(const GenerateOptions& options,
                                   const model::Vocabulary& vocabulary) {
  SamplingOptions sampling = options.sampling;
  if (options.ignore_eos) {
    for (const TokenId id : vocabulary.stop_tokens) {
      sampling.logit_bias.emplace_back(id, -std::numeric_limits<float>::infinity());
    }
  }
  return sampling;
}

// Refuses what cannot fit before it is encoded: a hundred megabytes take a minute to tokenize.
Status check_length(const Sequence& sequence, std::string_view text) {
  const size_t n_free = static_cast<size_t>(sequence.n_ctx()) - sequence.tokens().size();
  const size_t n_least = text.size() / sequence.model().vocabulary->tokenizer->max_piece_bytes();
  if (n_least <= n_free) return {};
  return Status(StatusCode::context_full,
                str_cat("the context is full: found a text of ", text.size(),
                        " bytes, which is at least ", n_least, " tokens, expected at most ", n_free,
                        "; shorten the prompt or ask for a larger context"));
}

}  // namespace

Status check(const GenerateOptions& options, const model::Vocabulary& vocabulary) {
  if (options.max_tokens < -1) {
    return invalid_argument("max_tokens: found ", options.max_tokens, ", expected -1 or more");
  }
  const int max_draft = options.speculation.max_draft;
  if (max_draft < 0 || max_draft > kMaxGuesses) {
    return invalid_argument("max_draft: found ", max_draft, ", expected 0 to ", kMaxGuesses);
  }
  return sample::check(options.sampling, vocabulary.tokenizer->n_vocab());
}

Result<std::vector<TokenId>> encode_prompt(const Sequence& sequence, std::string_view text,
                                           bool parse_special) {
  std::vector<TokenId> ids;
  const bool at_start = sequence.tokens().empty();
  const text::EncodeOptions options{
      .add_special = at_start, .parse_special = parse_special, .continues = !at_start};
  const text::Tokenizer& tokenizer = *sequence.model().vocabulary->tokenizer;
  CRIA_RETURN_IF_ERROR(check_length(sequence, text));
  CRIA_RETURN_IF_ERROR(tokenizer.encode(text, options, ids));
  // A prompt is to be continued, so an EOS that the vocabulary adds to whole texts does not belong.
  if (options.add_special && tokenizer.special().add_eos && !ids.empty() &&
      ids.back() == tokenizer.special().eos) {
    ids.pop_back();
  }
  // An empty prompt starts from BOS even where the vocabulary does not add it by itself.
  if (ids.empty() && sequence.tokens().empty() && tokenizer.special().bos >= 0) {
    ids.push_back(tokenizer.special().bos);
  }
  return ids;
}

std::string unused_mark(const std::vector<ChatMessage>& messages) {
  // Noncharacters (Unicode 15, 23.7): valid UTF-8 that no text has to hold.
  for (char last = '\x90'; last <= '\xaf'; ++last) {
    std::string mark = {'\xef', '\xb7', last};
    const bool used =
        std::any_of(messages.begin(), messages.end(), [&](const ChatMessage& message) {
          return message.content.find(mark) != std::string::npos ||
                 message.role.find(mark) != std::string::npos;
        });
    if (!used) return mark;
  }
  return {};  // somebody has put all 32 of them into a chat: nothing is hidden
}

void hide_special(const text::Tokenizer& tokenizer, std::string_view mark,
                  std::vector<ChatMessage>& messages) {
  for (TokenId id = 0; id < tokenizer.n_vocab() && !mark.empty(); ++id) {
    if (tokenizer.type(id) != text::PieceType::control) continue;
    std::string piece;
    if (!tokenizer.append_piece(id, true, piece).ok() || piece.size() < 2) continue;
    for (ChatMessage& message : messages) {
      size_t at = message.content.find(piece);
      for (; at != std::string::npos; at = message.content.find(piece, at + mark.size())) {
        message.content.insert(at + 1, mark);
      }
    }
  }
}

Result<std::vector<TokenId>> encode_rendered(const model::Vocabulary& vocabulary,
                                             std::string_view rendered, std::string_view mark) {
  std::vector<TokenId> ids;
  text::EncodeOptions options{.add_special = false, .parse_special = true};
  while (true) {
    const size_t end = mark.empty() ? std::string_view::npos : rendered.find(mark);
    CRIA_RETURN_IF_ERROR(vocabulary.tokenizer->encode(rendered.substr(0, end), options, ids));
    if (end == std::string_view::npos) break;
    rendered.remove_prefix(end + mark.size());
    options.continues = true;
  }
  const text::SpecialTokens& special = vocabulary.tokenizer->special();
  if (special.add_bos && (ids.empty() || ids.front() != special.bos)) {
    ids.insert(ids.begin(), special.bos);
  }
  return ids;
}

Result<GenerateResult> generate(Sequence& sequence, const std::vector<TokenId>& prompt,
                                const GenerateOptions& options, const PieceCallback& on_piece,
                                Speculator* speculator) {
  const model::Vocabulary& vocabulary = *sequence.model().vocabulary;
  CRIA_RETURN_IF_ERROR(check(options, vocabulary));
  if (prompt.empty() && sequence.logits().empty() && !sequence.tokens().empty()) {
    // After a rewind there are tokens without logits: the last one is evaluated again.
    const std::vector<TokenId> last = {sequence.tokens().back()};
    CRIA_RETURN_IF_ERROR(sequence.rewind(static_cast<int64_t>(sequence.tokens().size()) - 1));
    return generate(sequence, last, options, on_piece, speculator);
  }
  if (prompt.empty() && sequence.logits().empty()) {
    return invalid_argument(
        "prompt: found no tokens, expected at least one to start from; this "
        "vocabulary has no BOS");
  }
  if (speculator != nullptr && !speculator->wanted(options.speculation)) speculator = nullptr;
  if (speculator != nullptr) {
    CRIA_RETURN_IF_ERROR(speculator->prepare(sequence, options.speculation));
  }
  GenerateResult result;
  result.n_prompt = static_cast<int>(prompt.size());
  const bool at_text_start =
      sequence.tokens().empty() &&
      (prompt.empty() || (prompt.size() == 1 && prompt[0] == vocabulary.tokenizer->special().bos));
  const auto prompt_start = std::chrono::steady_clock::now();
  CRIA_RETURN_IF_ERROR(sequence.eval(
      prompt, {.should_cancel = &options.should_cancel, .on_progress = &options.on_prefill}));
  result.prompt_seconds = seconds_since(prompt_start);

  sample::Sampler sampler(effective_sampling(options, vocabulary), vocabulary.tokenizer->n_vocab());
  for (const TokenId id : sequence.tokens()) sampler.accept(id);
  Output output(*vocabulary.tokenizer, at_text_start, options, on_piece, result);
  const auto generate_start = std::chrono::steady_clock::now();
  Lookahead text(sequence, speculator, options);
  CRIA_RETURN_IF_ERROR(decode_loop(sequence, text, sampler, output, options, result));
  text.settle();
  result.n_drafted = text.n_drafted();
  result.n_accepted = text.n_accepted();
  if (result.finish != FinishReason::stop_text && result.finish != FinishReason::cancelled) {
    const Output::Next next = output.finish();
    if (next == Output::Next::stop_text) result.finish = FinishReason::stop_text;
  }
  result.generate_seconds = seconds_since(generate_start);
  return result;
}

}  // namespace cria::engine
