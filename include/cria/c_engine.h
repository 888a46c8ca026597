/* The C ABI of many conversations at once (cria/engine.h). Errors and handles as in c.h. */
#ifndef CRIA_C_ENGINE_H_
#define CRIA_C_ENGINE_H_

#include "cria/c.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cria_engine cria_engine;
typedef struct cria_request cria_request;

typedef struct cria_engine_params {
  int32_t n_ctx;       /* tokens of one conversation at most; 0: as the model was trained for */
  int64_t n_kv_tokens; /* that all conversations and kept prefixes hold together; 0: 4 n_ctx */
  int32_t max_running; /* replies that are written at once */
  int32_t n_threads;   /* 0: as many as this process may use */
} cria_engine_params;

/* The library's defaults. */
CRIA_C_API cria_engine_params cria_engine_defaults(void);

/* Owns a thread that evaluates; all functions may be called from any thread, but from a callback,
 * which runs on the engine's, only cria_request_cancel and cria_request_done. params may be null.
 * Free with cria_engine_free (accepts null), which ends requests that are not done. */
CRIA_C_API cria_code cria_engine_new(const cria_model* model, const cria_engine_params* params,
                                     cria_engine** out, cria_error** error);
CRIA_C_API void cria_engine_free(cria_engine* engine);

/* Return at once. on_piece (may be null) is called on the engine's thread and must not block; user
 * outlives the request. Free *out with cria_request_free, before or after the engine. */
CRIA_C_API cria_code cria_engine_submit(cria_engine* engine, const char* prompt, size_t n_bytes,
                                        const cria_generate_params* params, int32_t priority,
                                        cria_piece_callback on_piece, void* user,
                                        cria_request** out, cria_error** error);
CRIA_C_API cria_code cria_engine_submit_chat(cria_engine* engine, const cria_chat_message* messages,
                                             size_t n_messages, const cria_generate_params* params,
                                             int32_t priority, cria_piece_callback on_piece,
                                             void* user, cria_request** out, cria_error** error);

/* 1 where cria_request_wait would not block. */
CRIA_C_API int cria_request_done(const cria_request* request);
/* Waits for the end of the reply and gives its outcome; again and again the same. The counts may be
 * null: generated tokens, and tokens of the prompt that were not evaluated again. */
CRIA_C_API cria_code cria_request_wait(cria_request* request, int32_t* n_generated,
                                       int32_t* n_reused, cria_error** error);
/* Asks for an early end. */
CRIA_C_API void cria_request_cancel(cria_request* request);
/* A request that is not done is cancelled and waited for. Accepts null. */
CRIA_C_API void cria_request_free(cria_request* request);

#ifdef __cplusplus
}
#endif

#endif /* CRIA_C_ENGINE_H_ */
