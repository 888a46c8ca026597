#include "engine/generate.h"

#include <algorithm>
#include <chrono>

#include "base/str_cat.h"
#include "engine/generation.h"
#include "sample/sampler.h"

namespace cria::engine {
namespace {

// Makes room for n_new tokens, where the options allow it and where it can be done at all. n_last:
// so many of the last tokens stay. What a sliding window has left behind goes first.
Status make_room(Sequence& sequence, int64_t n_new, int64_t n_last, const GenerateOptions& options,
                 GenerateResult& result) {
  int64_t n_held = static_cast<int64_t>(sequence.tokens().size());
  int64_t n_missing = n_held + n_new - sequence.n_ctx();
  const int64_t n_unseen = sequence.n_released();
  const auto most = [&](int64_t n) { return n - std::min<int64_t>(options.n_keep, n) - n_last; };
  if (options.overflow == Overflow::error || n_missing <= 0) return {};
  if (n_missing > n_unseen && n_missing - n_unseen > most(n_held - n_unseen)) return {};
  CRIA_RETURN_IF_ERROR(sequence.drop_released());
  result.n_dropped += static_cast<int>(n_unseen);
  n_held -= n_unseen;
  n_missing -= n_unseen;
  if (n_missing <= 0) return {};
  const int64_t n_most = most(n_held);
  const int64_t n_usual = options.overflow == Overflow::shift ? n_most / 2 : ops::kKvPage;
  const int64_t n = std::clamp(n_usual, n_missing, n_most);
  CRIA_RETURN_IF_ERROR(sequence.drop(std::min<int64_t>(options.n_keep, n_held), n));
  result.n_dropped += static_cast<int>(n);
  return {};
}

// Chooses and evaluates until the reply has ended.
Status decode_loop(Sequence& sequence, Lookahead& text, Generation& generation) {
  const int64_t n_ctx = sequence.n_ctx();
  while (true) {
    if (text.n_tokens() >= n_ctx && generation.n_left() > 0) {
      CRIA_RETURN_IF_ERROR(make_room(sequence, 1, 1, generation.options(), generation.result()));
    }
    const auto step = generation.next(text.logits(), text.n_tokens() >= n_ctx);
    if (!step.ok()) return step.status();
    if (!step->id) return {};
    CRIA_RETURN_IF_ERROR(text.advance(*step->id, step->last ? 0 : generation.n_left()));
    if (step->last) return {};
  }
}

// Refuses what cannot fit before it is encoded: a hundred megabytes take a minute to tokenize.
Status check_length(const model::Vocabulary& vocabulary, std::string_view text, int64_t n_free) {
  const auto n_least = static_cast<int64_t>(text.size() / vocabulary.tokenizer->max_piece_bytes());
  if (n_least <= n_free) return {};
  return Status(StatusCode::context_full,
                str_cat("the context is full: found a text of ", text.size(),
                        " bytes, which is at least ", n_least, " tokens, expected at most ", n_free,
                        "; shorten the prompt or ask for a larger context"));
}

Result<std::vector<TokenId>> encode_part(const model::Vocabulary& vocabulary, std::string_view text,
                                         bool parse_special, bool at_start, int64_t n_free) {
  std::vector<TokenId> ids;
  const text::EncodeOptions options{
      .add_special = at_start, .parse_special = parse_special, .continues = !at_start};
  const text::Tokenizer& tokenizer = *vocabulary.tokenizer;
  CRIA_RETURN_IF_ERROR(check_length(vocabulary, text, n_free));
  CRIA_RETURN_IF_ERROR(tokenizer.encode(text, options, ids));
  // A prompt is to be continued, so an EOS that the vocabulary adds to whole texts does not belong.
  if (options.add_special && tokenizer.special().add_eos && !ids.empty() &&
      ids.back() == tokenizer.special().eos) {
    ids.pop_back();
  }
  // An empty prompt starts from BOS even where the vocabulary does not add it by itself.
  if (ids.empty() && at_start && tokenizer.special().bos >= 0) {
    ids.push_back(tokenizer.special().bos);
  }
  return ids;
}

}  // namespace

Status check(const GenerateOptions& options, const model::Vocabulary& vocabulary) {
  if (options.max_tokens < -1) {
    return invalid_argument("max_tokens: found ", options.max_tokens, ", expected -1 or more");
  }
  if (options.n_keep < 0) {
    return invalid_argument("n_keep: found ", options.n_keep, ", expected 0 or more");
  }
  const int max_draft = options.speculation.max_draft;
  if (max_draft < 0 || max_draft > kMaxGuesses) {
    return invalid_argument("max_draft: found ", max_draft, ", expected 0 to ", kMaxGuesses);
  }
  return sample::check(options.sampling, vocabulary.tokenizer->n_vocab());
}

Result<std::vector<TokenId>> encode_text(const model::Vocabulary& vocabulary, std::string_view text,
                                         bool parse_special, int64_t n_ctx) {
  return encode_part(vocabulary, text, parse_special, true, n_ctx);
}

Result<std::vector<TokenId>> encode_prompt(const Sequence& sequence, std::string_view text,
                                           bool parse_special, bool may_drop) {
  const auto n_held = static_cast<int64_t>(sequence.tokens().size());
  return encode_part(*sequence.model().vocabulary, text, parse_special, n_held == 0,
                     may_drop ? sequence.n_ctx() : sequence.n_ctx() - n_held);
}

Status start_from_held(Sequence& sequence, const std::function<bool()>& should_cancel) {
  if (sequence.tokens().empty()) {
    return invalid_argument(
        "prompt: found no tokens, expected at least one to start from; this vocabulary has no BOS");
  }
  return sequence.refresh_logits(&should_cancel);
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
  if (prompt.empty()) CRIA_RETURN_IF_ERROR(start_from_held(sequence, options.should_cancel));
  const bool may_drop = options.overflow != Overflow::error;
  if (speculator != nullptr && (may_drop || !speculator->wanted(options.speculation))) {
    speculator = nullptr;
  }
  if (speculator != nullptr) {
    CRIA_RETURN_IF_ERROR(speculator->prepare(sequence, options.speculation));
  }
  const bool at_text_start =
      sequence.tokens().empty() &&
      (prompt.empty() || (prompt.size() == 1 && prompt[0] == vocabulary.tokenizer->special().bos));
  Generation generation(sequence.model(), options, on_piece, at_text_start);
  GenerateResult& result = generation.result();
  result.n_prompt = static_cast<int>(prompt.size());
  const auto prompt_start = std::chrono::steady_clock::now();
  if (options.overflow != Overflow::error) CRIA_RETURN_IF_ERROR(sequence.check_ids(prompt));
  CRIA_RETURN_IF_ERROR(make_room(sequence, result.n_prompt, 0, options, result));
  CRIA_RETURN_IF_ERROR(sequence.eval(
      prompt, {.should_cancel = &options.should_cancel, .on_progress = &options.on_prefill}));
  result.prompt_seconds = seconds_since(prompt_start);

  generation.accept(sequence.tokens());
  const auto generate_start = std::chrono::steady_clock::now();
  Lookahead text(sequence, speculator, options);
  CRIA_RETURN_IF_ERROR(decode_loop(sequence, text, generation));
  text.settle();
  result.n_drafted = text.n_drafted();
  result.n_accepted = text.n_accepted();
  generation.finish();
  result.generate_seconds = seconds_since(generate_start);
  return std::move(result);
}

}  // namespace cria::engine
