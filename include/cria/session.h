// One conversation with a model: its KV cache, its threads and its tokens so far.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cria/sampling.h"
#include "cria/status.h"
#include "cria/tokenizer.h"

namespace cria {

// How keys and values are kept. q8_0 and q4_0: in blocks of 32 elements with a scale, a half and a
// quarter of f16; for heads of a multiple of 32 up to 256 elements.
enum class KvType { f16, f32, q8_0, q4_0 };
CRIA_API const char* kv_type_name(KvType type);

struct SessionOptions {
  int n_ctx = 0;              // tokens that the KV cache holds; 0: as the model was trained for
  int n_threads = 0;          // decode; 0: as many as this process may use
  int n_threads_prefill = 0;  // 0: n_threads
  int n_chunk = 512;          // tokens evaluated at once in prefill; changes no bit of the result
  KvType k_type = KvType::f16;
  KvType v_type = KvType::f16;
};

enum class Continue { yes, no };

// Called with whole code points of UTF-8 as soon as they are certain.
using PieceCallback = std::function<Continue(std::string_view piece)>;

// Speculative decoding: tokens are guessed ahead and checked several at a time, in one pass of the
// model. It never changes which tokens come, seed by seed, only how fast: a guess counts where it
// is the very token that was chosen. How many are guessed follows from how many came true and from
// measured times; where it loses time it stops by itself, but for an attempt now and then.
struct SpeculationOptions {
  // Guess from what followed the last few tokens earlier in the session (Saxena 2023): for replies
  // that repeat much of their prompt, as edited texts and code do.
  bool lookup = false;
  // Tokens guessed at once, at most: 0 to 64. 0 also keeps the session's draft model out of it.
  int max_draft = 16;
};

// What to do where the context is full.
//   error  a prompt that does not fit is refused, a reply ends with FinishReason::context_full
//   shift  the first n_keep tokens stay, the older half of the others is forgotten; in a chat the
//          system message stays, the oldest exchanges are forgotten
//   slide  the first n_keep tokens stay ("attention sinks", Xiao et al. 2024), of the others the
//          oldest 32 are forgotten, again and again
// What is kept moves to earlier positions; it is not evaluated again, so it still knows something
// of what is forgotten, and later tokens are not those of a fresh start. GenerateResult::n_dropped
// says what was forgotten.
// A prompt that is cancelled after that does not bring it back.
enum class Overflow { error, shift, slide };
CRIA_API const char* overflow_name(Overflow overflow);

// What a reply may go on with: a text that its next token begins or is all of or, where it is open,
// goes on beyond. "" that is not open: the reply may end here.
struct Continuation {
  std::string text;
  bool open = false;
};
// nullopt: anything may follow.
using Continuations = std::optional<std::vector<Continuation>>;

struct GenerateOptions {
  int max_tokens = -1;  // -1: until the model stops or the context is full
  SamplingOptions sampling = {};
  std::vector<std::string> stop = {};   // texts that end generation; not part of the output
  bool ignore_eos = false;              // stop tokens are never chosen
  bool parse_special = false;           // special tokens spelt out in the prompt are those tokens
  Overflow overflow = Overflow::error;  // of others no speculation is made
  int n_keep = 4;                       // see Overflow; chats keep their system message
  SpeculationOptions speculation = {};
  // Constrains the reply: called before each of its tokens with the bytes of those so far, by the
  // thread that generates. For menus, keys, names that must exist: what is not among the
  // continuations is never chosen, whatever the sampling. A call that allows something costs a pass
  // over the vocabulary. Where no token fits, generation fails with StatusCode::invalid_argument.
  std::function<Continuations(std::string_view reply)> continuations = {};
  // Polled in prefill and between tokens, at least every layer of a chunk: true stops with
  // StatusCode::cancelled in prefill (the session as before the call), and later
  // FinishReason::cancelled.
  std::function<bool()> should_cancel = {};
  // Progress of the prompt, in tokens.
  std::function<void(int n_done, int n_total)> on_prefill = {};
};

// Beam search: no sampling, but the likeliest replies, several of them kept at once.
struct BeamOptions {
  int n_beams = 4;  // replies kept at once, 1 to 64
  int max_tokens = 128;
  // Replies are ranked by log probability / tokens^length_penalty: 0 favours short ones.
  float length_penalty = 1;
  bool ignore_eos = false;     // stop tokens are never chosen
  bool parse_special = false;  // as in GenerateOptions
  std::function<bool()> should_cancel = {};
  std::function<void(int n_done, int n_total)> on_prefill = {};
};

enum class FinishReason { stop_token, stop_text, max_tokens, context_full, cancelled };
CRIA_API const char* finish_reason_name(FinishReason reason);

struct GenerateResult {
  std::string text;  // all that the callback got, joined
  FinishReason finish = FinishReason::max_tokens;
  int n_prompt = 0;  // tokens of the prompt
  int n_reused = 0;  // of them, already in the KV cache
  int n_generated = 0;
  int n_dropped = 0;  // tokens that were forgotten (Overflow), those of messages not counted
  int n_dropped_messages = 0;  // of a chat
  int n_drafted = 0;           // guesses that were evaluated
  int n_accepted = 0;          // of them, right ones: each saved a pass of the model
  double prompt_seconds = 0;
  double generate_seconds = 0;
};

struct Beam {
  std::string text;
  std::vector<TokenId> tokens;
  double log_probability = 0;  // natural, of all tokens and of the stop token
  double score = 0;            // with the penalty of length
  FinishReason finish = FinishReason::max_tokens;
};

// Owns what changes. Move-only; for one thread at a time (different sessions run in parallel).
class CRIA_API Session {
 public:
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // Continues prompt (after what the session holds already; BOS only at the start of an empty
  // session, where the vocabulary asks for it). The generated tokens become part of the session,
  // but for a last one that the full context has no room for. An empty prompt goes on from what is
  // held. Errors: context_full where the prompt does not fit (both numbers; the session unchanged),
  // invalid_argument (options), cancelled, out_of_memory.
  Result<GenerateResult> generate(std::string_view prompt, const GenerateOptions& options = {},
                                  const PieceCallback& on_piece = {});
  // The same for ids.
  Result<GenerateResult> generate_tokens(const std::vector<TokenId>& prompt,
                                         const GenerateOptions& options = {},
                                         const PieceCallback& on_piece = {});
  // The assistant's reply to a whole conversation, rendered by the chat template (template_name "":
  // the file's own). The session is rewound to the longest prefix that it already holds, so each
  // turn costs only its new tokens. Special tokens that a message spells out are plain text unless
  // options.parse_special. Errors: as generate; cancelled leaves the prefix that was shared.
  Result<GenerateResult> chat(const std::vector<ChatMessage>& messages,
                              const GenerateOptions& options = {},
                              const PieceCallback& on_piece = {},
                              std::string_view template_name = "");

  // The likeliest continuations of prompt (as in generate), best first, at most n_beams. Search
  // stops where n_beams replies have ended and none that runs is better as it stands. All together
  // fit into the context, what they have in common counted once; where it is full, what runs ends
  // with FinishReason::context_full. The session then holds the prompt and the best one. Errors: as
  // generate; any, and a cancelled search, leave the session with what it held (with nothing where
  // a sliding window has moved on by more than 256 tokens meanwhile). A memory budget does not
  // count what beams take besides the KV cache.
  Result<std::vector<Beam>> beam_search(std::string_view prompt, const BeamOptions& options = {});

  // Evaluates tokens and nothing else; logits() then holds the last one's.
  Status append(const std::vector<TokenId>& tokens);
  // [n_vocab] of the last evaluated token; empty before the first. Valid until the next call.
  std::span<const float> logits() const;

  // What the KV cache holds, in order; inside a PieceCallback guesses too.
  const std::vector<TokenId>& tokens() const;
  int n_ctx() const;
  int n_threads() const;
  int64_t kv_bytes() const;  // reserved for the KV cache, a draft model's too; taken as it fills
  // Forgets all but the first n_tokens. Errors: invalid_argument where it holds fewer; where the
  // model has a sliding window, also where more than 256 tokens would be taken back and those that
  // the next token would see are no longer held (0 is always allowed).
  Status rewind(int n_tokens);

  // Writes what the session holds to a file, whole or not at all. Errors: io_error.
  Status save(const std::string& path);
  // Goes on from such a file, in another process too: what was held then need not be evaluated
  // again, and every later token is the one that it would have been. Errors, each leaving the
  // session as it was: not_found, io_error; corrupt where the file is damaged; invalid_argument
  // where it is of another model, type of KV cache or kernel table, or longer than n_ctx().
  Status restore(const std::string& path);

  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace cria
