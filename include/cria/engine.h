// Many conversations with one model at once, evaluated together in flat batches.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cria/model.h"
#include "cria/session.h"

namespace cria {

struct EngineOptions {
  int n_ctx = 0;            // tokens of one conversation at most; 0: as the model was trained for
  int64_t n_kv_tokens = 0;  // that all conversations and kept prefixes hold together; 0: 4 n_ctx
  int max_running = 16;     // replies that are written at once; the others wait
  int n_threads = 0;        // 0: as many as this process may use
  int n_chunk = 512;        // tokens of a batch at most, when nobody waits for a next token
  KvType k_type = KvType::f16;
  KvType v_type = KvType::f16;
};

struct Request {
  // One of the two: a conversation, rendered by the chat template (template_name "": the file's
  // own), or a text that the reply continues.
  std::vector<ChatMessage> messages = {};
  std::string prompt = {};
  std::string template_name = {};
  GenerateOptions options = {};
  int priority = 0;  // the highest first; equal ones in the order in which they came
  // Called on the engine's thread, like the callbacks in options: must not block.
  PieceCallback on_piece = {};
};

// What a request becomes: a handle that may be copied, and outlive the engine. All members may be
// called from any thread.
class CRIA_API PendingReply {
 public:
  // True where get() would not wait.
  bool done() const;
  // Waits for the end of the reply; its outcome then stays as long as a handle does. Errors: as
  // Session::generate and Session::chat; out_of_memory where the KV cache of the engine is too
  // small even for this one alone; internal where a callback threw.
  const Result<GenerateResult>& get() const;
  // Asks for an early end: FinishReason::cancelled with the text so far, or StatusCode::cancelled
  // before the first token.
  void cancel();

  struct State;
  explicit PendingReply(std::shared_ptr<State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<State> state_;
};

// Since the engine was made.
struct EngineStats {
  int64_t n_requests = 0;
  int64_t n_steps = 0;             // passes of the model
  int64_t n_evaluated_tokens = 0;  // in all passes
  int64_t n_reused_tokens = 0;     // found in the KV cache instead
  int64_t n_generated_tokens = 0;
  int64_t n_preemptions = 0;  // replies that had to give way and were taken up again
  double busy_seconds = 0;    // in passes
  int n_running = 0, n_waiting = 0;
  int64_t n_pages = 0, n_free_pages = 0, n_prefix_pages = 0;  // pages: 32 tokens each
  int64_t page_bytes = 0;
};

// Owns a thread that evaluates. Requests join and leave at every pass; each gets the tokens that it
// would get alone, bit by bit. What a prompt has in common with any live or recent conversation is
// not evaluated again. A long prompt is evaluated in parts, so that replies keep flowing beside it.
// All members may be called from any thread, but callbacks must neither wait for a request nor
// destroy the engine: they run on its thread. A callback that throws ends all requests with
// StatusCode::internal.
class CRIA_API Engine {
 public:
  // Errors: invalid_argument (field, value, range); out_of_memory with the size.
  static Result<Engine> create(const Model& model, const EngineOptions& options = {});

  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  // Requests that are not done end with StatusCode::cancelled.
  ~Engine();

  // Returns at once. GenerateResult::prompt_seconds counts from here to the first token. Errors:
  // invalid_argument (options, request); context_full; those of the tokenizer and the template.
  Result<PendingReply> submit(Request request);

  EngineStats stats() const;

  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace cria
