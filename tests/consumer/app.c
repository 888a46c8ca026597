/* Continues a text with a model file, through the C API: app_c MODEL "Once upon a time" */
#include <cria/c.h>
#include <stdio.h>
#include <string.h>

static int print_piece(const char* piece, size_t n_bytes, void* user) {
  (void)user;
  fwrite(piece, 1, n_bytes, stdout);
  return 0;
}

int main(int argc, char** argv) {
  cria_model* model = NULL;
  cria_session* session = NULL;
  cria_error* error = NULL;
  if (argc != 3) return 2;
  cria_generate_params params = cria_generate_defaults();
  params.max_tokens = 32;
  params.temperature = 0;
  cria_code code = cria_model_open(argv[1], NULL, &model, &error);
  if (code == CRIA_OK) code = cria_session_new(model, 256, 0, &session, &error);
  if (code == CRIA_OK) {
    code =
        cria_generate(session, argv[2], strlen(argv[2]), &params, print_piece, NULL, NULL, &error);
  }
  if (code == CRIA_OK) printf("\n");
  if (code != CRIA_OK) fprintf(stderr, "%s\n", cria_error_message(error));
  cria_error_free(error);
  cria_session_free(session);
  cria_model_free(model);
  return code == CRIA_OK ? 0 : 1;
}
