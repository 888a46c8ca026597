/* The C ABI of cria. Plain C99; every handle is opaque.
 *
 * Errors: functions return CRIA_OK or a code; where a cria_error** is given and not null it
 * receives the message (null where memory is out), to be freed with cria_error_free. Nothing
 * throws, prints, exits or aborts. Threads: a cria_model may be shared; a cria_session is for one
 * thread at a time.
 */
#ifndef CRIA_C_H_
#define CRIA_C_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define CRIA_C_API __attribute__((visibility("default")))
#else
#define CRIA_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cria_code {
  CRIA_OK = 0,
  CRIA_INVALID_ARGUMENT,
  CRIA_NOT_FOUND,
  CRIA_IO_ERROR,
  CRIA_CORRUPT,
  CRIA_UNSUPPORTED,
  CRIA_CONTEXT_FULL,
  CRIA_OUT_OF_MEMORY,
  CRIA_CANCELLED,
  CRIA_INTERNAL
} cria_code;

typedef struct cria_error cria_error;
typedef struct cria_model cria_model;
typedef struct cria_session cria_session;

CRIA_C_API const char* cria_version(void);

/* The message lives as long as the error. Both accept null. */
CRIA_C_API const char* cria_error_message(const cria_error* error);
CRIA_C_API void cria_error_free(cria_error* error);

/* tokenizer_path may be null. *out is null on error. Free with cria_model_free (accepts null);
 * sessions keep their model alive. */
CRIA_C_API cria_code cria_model_open(const char* path, const char* tokenizer_path, cria_model** out,
                                     cria_error** error);
CRIA_C_API void cria_model_free(cria_model* model);
CRIA_C_API int32_t cria_model_n_vocab(const cria_model* model);
CRIA_C_API int32_t cria_model_n_ctx_train(const cria_model* model);

/* What a model and its conversations take in memory, computed from the file's header: bytes that
 * this process has resident at its peak, every context full. The groups sum up to total_bytes. */
typedef struct cria_memory_plan {
  int32_t n_ctx; /* of each conversation */
  int32_t n_conversations;
  int64_t weights_bytes;
  int64_t vocabulary_bytes;
  int64_t kv_bytes;
  int64_t workspace_bytes;
  int64_t text_bytes;
  int64_t threads_bytes;
  int64_t program_bytes; /* this process as it is now */
  int64_t total_bytes;
  int32_t fits;                    /* within memory_budget; 1 without one */
  int32_t largest_n_ctx;           /* that fits memory_budget; 0 where none does, or without one */
  int32_t largest_n_conversations; /* the same for contexts of n_ctx */
} cria_memory_plan;

/* tokenizer_path may be null. n_ctx 0: the model's own, or with a budget the largest up to it that
 * fits. memory_budget 0: none. A budget that is too small is no error: see fits. */
CRIA_C_API cria_code cria_plan_memory(const char* path, const char* tokenizer_path, int32_t n_ctx,
                                      int32_t n_conversations, int64_t memory_budget,
                                      cria_memory_plan* out, cria_error** error);
/* As cria_model_open, but CRIA_OUT_OF_MEMORY, before any weight is read, where that would not fit
 * memory_budget; sessions are held to it, and n_ctx 0 in cria_session_new is the plan's. */
CRIA_C_API cria_code cria_model_open_within(const char* path, const char* tokenizer_path,
                                            int32_t n_ctx, int32_t n_conversations,
                                            int64_t memory_budget, cria_model** out,
                                            cria_error** error);

/* Writes at most capacity ids and always the full count to *n_ids: call again with more room where
 * *n_ids > capacity. text is n_bytes long and needs no terminator. */
CRIA_C_API cria_code cria_tokenize(const cria_model* model, const char* text, size_t n_bytes,
                                   int add_special, int parse_special, int32_t* ids,
                                   size_t capacity, size_t* n_ids, cria_error** error);
/* The same protocol for text. No terminator is written. */
CRIA_C_API cria_code cria_detokenize(const cria_model* model, const int32_t* ids, size_t n_ids,
                                     char* text, size_t capacity, size_t* n_bytes,
                                     cria_error** error);

/* n_ctx and n_threads: 0 for the defaults. */
CRIA_C_API cria_code cria_session_new(const cria_model* model, int32_t n_ctx, int32_t n_threads,
                                      cria_session** out, cria_error** error);
/* With a draft model: a smaller one of the same vocabulary, which guesses tokens ahead. It speeds
 * generation up and never changes the tokens. */
CRIA_C_API cria_code cria_session_new_with_draft(const cria_model* model, const cria_model* draft,
                                                 int32_t n_ctx, int32_t n_threads,
                                                 cria_session** out, cria_error** error);
CRIA_C_API void cria_session_free(cria_session* session);

typedef struct cria_generate_params {
  int32_t max_tokens; /* -1: until the model stops */
  float temperature;  /* 0: greedy */
  int32_t top_k;
  float top_p;
  float min_p;
  float repeat_penalty;
  uint64_t seed;
  int32_t parse_special;
  int32_t lookup;    /* not 0: guess tokens ahead from the session's own; changes only the speed */
  int32_t max_draft; /* tokens guessed at once, at most, here or by a draft model; 0: none */
} cria_generate_params;

/* The library's defaults. */
CRIA_C_API cria_generate_params cria_generate_defaults(void);

/* Called with whole UTF-8 code points, not terminated; return non-zero to stop. */
typedef int (*cria_piece_callback)(const char* piece, size_t n_bytes, void* user);

/* params and on_piece may be null. *n_generated may be null. */
CRIA_C_API cria_code cria_generate(cria_session* session, const char* prompt, size_t n_bytes,
                                   const cria_generate_params* params, cria_piece_callback on_piece,
                                   void* user, int32_t* n_generated, cria_error** error);

/* Beam search: on_piece gets the best text, at once; the session then holds it. n_beams: 1 to 64;
 * length_penalty: texts are ranked by log probability / tokens^length_penalty.
 * *log_probability may be null. */
CRIA_C_API cria_code cria_beam_search(cria_session* session, const char* prompt, size_t n_bytes,
                                      int32_t n_beams, int32_t max_tokens, float length_penalty,
                                      cria_piece_callback on_piece, void* user,
                                      double* log_probability, cria_error** error);

/* Role and content are null-terminated. Renders with the model's own chat template. */
typedef struct cria_chat_message {
  const char* role;
  const char* content;
} cria_chat_message;
CRIA_C_API cria_code cria_chat(cria_session* session, const cria_chat_message* messages,
                               size_t n_messages, const cria_generate_params* params,
                               cria_piece_callback on_piece, void* user, int32_t* n_generated,
                               cria_error** error);

/* Evaluates ids; then *logits (where logits is not null) points at n_vocab floats, valid until the
 * next call, or is null where nothing was evaluated yet. */
CRIA_C_API cria_code cria_session_append(cria_session* session, const int32_t* ids, size_t n_ids,
                                         const float** logits, cria_error** error);
/* Forgets all but the first n_tokens. */
CRIA_C_API cria_code cria_session_rewind(cria_session* session, int32_t n_tokens,
                                         cria_error** error);

/* Writes what the session holds to a file, whole or not at all. */
CRIA_C_API cria_code cria_session_save(cria_session* session, const char* path, cria_error** error);
/* Goes on from such a file: CRIA_CORRUPT where it is damaged, CRIA_INVALID_ARGUMENT where it is of
 * another model or of other settings; the session is then as it was. */
CRIA_C_API cria_code cria_session_restore(cria_session* session, const char* path,
                                          cria_error** error);

#ifdef __cplusplus
}
#endif

#endif /* CRIA_C_H_ */
