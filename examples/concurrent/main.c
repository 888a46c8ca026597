/* Continues several texts at once with one model, in plain C:
 *   concurrent model.gguf "Once upon a time" "The cat" "In the garden"
 * The program's own thread is free until it waits. */
#include <cria/c_engine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMaxTexts = 16, kMaxBytes = 4096 };

struct text {
  char bytes[kMaxBytes];
  size_t n_bytes;
  cria_request* request;
};

/* On the engine's thread. The text is read after the request's end only. */
static int append(const char* piece, size_t n_bytes, void* user) {
  struct text* text = user;
  if (text->n_bytes + n_bytes >= kMaxBytes) return 1;
  memcpy(text->bytes + text->n_bytes, piece, n_bytes);
  text->n_bytes += n_bytes;
  return 0;
}

static int fail(const char* what, cria_error* error) {
  fprintf(stderr, "%s: %s\n", what, cria_error_message(error));
  cria_error_free(error);
  return 1;
}

int main(int argc, char** argv) {
  static struct text texts[kMaxTexts];
  cria_model* model = NULL;
  cria_engine* engine = NULL;
  cria_error* error = NULL;
  const int n_texts = argc - 2;
  int failed = 0;
  if (n_texts < 1 || n_texts > kMaxTexts) {
    fprintf(stderr, "usage: %s MODEL TEXT [TEXT ...], at most %d texts\n", argv[0], kMaxTexts);
    return 2;
  }
  if (cria_model_open(argv[1], NULL, &model, &error) != CRIA_OK) return fail(argv[1], error);
  if (cria_engine_new(model, NULL, &engine, &error) != CRIA_OK) return fail("engine", error);

  cria_generate_params params = cria_generate_defaults();
  params.max_tokens = 24;
  params.temperature = 0;
  for (int i = 0; i < n_texts; ++i) {
    const char* prompt = argv[i + 2];
    if (cria_engine_submit(engine, prompt, strlen(prompt), &params, 0, append, &texts[i],
                           &texts[i].request, &error) != CRIA_OK) {
      failed += fail(prompt, error);
    }
  }
  for (int i = 0; i < n_texts; ++i) {
    int32_t n_generated = 0, n_reused = 0;
    if (texts[i].request == NULL) continue;
    if (cria_request_wait(texts[i].request, &n_generated, &n_reused, &error) != CRIA_OK) {
      failed += fail(argv[i + 2], error);
    } else {
      printf("%s[%.*s] (%d tokens, %d of the prompt reused)\n", argv[i + 2], (int)texts[i].n_bytes,
             texts[i].bytes, (int)n_generated, (int)n_reused);
    }
    cria_request_free(texts[i].request);
  }
  cria_engine_free(engine);
  cria_model_free(model);
  return failed == 0 ? 0 : 1;
}
