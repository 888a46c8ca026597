// The C ABI of cria::Engine: handles and conversions, nothing else.
#include "cria/c_engine.h"

#include <memory>
#include <optional>

#include "api/c_convert.h"

struct cria_engine {
  cria::Engine engine;
};

struct cria_request {
  std::optional<cria::PendingReply> reply;
};

namespace {

using cria::Status;
using cria::api::missing;

Status submit(cria_engine* engine, cria::Request request, const cria_generate_params* params,
              int32_t priority, const cria::PieceCallback& on_piece, cria_request** out) {
  request.options = cria::api::options_of(params);
  request.priority = priority;
  request.on_piece = on_piece;
  // All that may fail comes first: afterwards the callback may be called.
  auto handle = std::make_unique<cria_request>();
  auto reply = engine->engine.submit(std::move(request));
  if (!reply.ok()) return reply.status();
  handle->reply = *std::move(reply);
  *out = handle.release();
  return {};
}

}  // namespace

cria_engine_params cria_engine_defaults(void) {
  const cria::EngineOptions options;
  return {.n_ctx = options.n_ctx,
          .n_kv_tokens = options.n_kv_tokens,
          .max_running = options.max_running,
          .n_threads = options.n_threads};
}

cria_code cria_engine_new(const cria_model* model, const cria_engine_params* params,
                          cria_engine** out, cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (out == nullptr) return missing("out");
    *out = nullptr;
    if (model == nullptr) return missing("model");
    cria::EngineOptions options;
    if (params != nullptr) {
      options.n_ctx = params->n_ctx;
      options.n_kv_tokens = params->n_kv_tokens;
      options.max_running = params->max_running;
      options.n_threads = params->n_threads;
    }
    auto engine = cria::Engine::create(model->model, options);
    if (!engine.ok()) return engine.status();
    *out = new cria_engine{std::move(*engine)};
    return {};
  });
}

void cria_engine_free(cria_engine* engine) { delete engine; }

cria_code cria_engine_submit(cria_engine* engine, const char* prompt, size_t n_bytes,
                             const cria_generate_params* params, int32_t priority,
                             cria_piece_callback on_piece, void* user, cria_request** out,
                             cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (out == nullptr) return missing("out");
    *out = nullptr;
    if (engine == nullptr) return missing("engine");
    if (prompt == nullptr && n_bytes > 0) return missing("prompt");
    cria::Request request;
    if (n_bytes > 0) request.prompt.assign(prompt, n_bytes);
    return submit(engine, std::move(request), params, priority,
                  cria::api::callback_of(on_piece, user), out);
  });
}

cria_code cria_engine_submit_chat(cria_engine* engine, const cria_chat_message* messages,
                                  size_t n_messages, const cria_generate_params* params,
                                  int32_t priority, cria_piece_callback on_piece, void* user,
                                  cria_request** out, cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (out == nullptr) return missing("out");
    *out = nullptr;
    if (engine == nullptr) return missing("engine");
    auto conversation = cria::api::messages_of(messages, n_messages);
    if (!conversation.ok()) return conversation.status();
    cria::Request request;
    request.messages = *std::move(conversation);
    return submit(engine, std::move(request), params, priority,
                  cria::api::callback_of(on_piece, user), out);
  });
}

int cria_request_done(const cria_request* request) {
  return request == nullptr || request->reply->done() ? 1 : 0;
}

cria_code cria_request_wait(cria_request* request, int32_t* n_generated, int32_t* n_reused,
                            cria_error** error) {
  return cria::api::run_for_c(error, [&]() -> Status {
    if (request == nullptr) return missing("request");
    const auto& result = request->reply->get();
    if (!result.ok()) return result.status();
    if (n_generated != nullptr) *n_generated = result->n_generated;
    if (n_reused != nullptr) *n_reused = result->n_reused;
    return {};
  });
}

void cria_request_cancel(cria_request* request) {
  if (request != nullptr) request->reply->cancel();
}

void cria_request_free(cria_request* request) {
  if (request == nullptr) return;
  request->reply->cancel();
  (void)request->reply->get();
  delete request;
}
