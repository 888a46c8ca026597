/* The C ABI of cria/gemm.h, which says what everything here means. Handles are opaque; errors as in
 * c.h. Threads: a cria_packed_matrix may be shared; a cria_threads is for one product at a time.
 */
#ifndef CRIA_C_GEMM_H_
#define CRIA_C_GEMM_H_

#include "cria/c.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cria_element_type {
  CRIA_F32 = 0,
  CRIA_F16,
  CRIA_BF16,
  CRIA_S8,
  CRIA_U8,
  CRIA_S16,
  CRIA_S32,
  CRIA_Q4_0,
  CRIA_Q4_1,
  CRIA_Q5_0,
  CRIA_Q5_1,
  CRIA_Q8_0,
  CRIA_Q2_K,
  CRIA_Q3_K,
  CRIA_Q4_K,
  CRIA_Q5_K,
  CRIA_Q6_K
} cria_element_type;

typedef enum cria_activation {
  CRIA_NONE = 0,
  CRIA_RELU,
  CRIA_RELU6,
  CRIA_GELU_TANH,
  CRIA_SILU
} cria_activation;

/* stride counts elements between rows (columns where column_major is not 0); 0 is dense. */
typedef struct cria_const_matrix {
  const void* data;
  cria_element_type type;
  int64_t n_rows;
  int64_t n_cols;
  int column_major;
  int64_t stride;
} cria_const_matrix;

/* Row-major. */
typedef struct cria_matrix {
  void* data;
  cria_element_type type;
  int64_t n_rows;
  int64_t n_cols;
  int64_t stride;
} cria_matrix;

typedef struct cria_threads cria_threads;
typedef struct cria_packed_matrix cria_packed_matrix;

/* n_threads 0: as many as this process may use. Free with cria_threads_free (accepts null). */
CRIA_C_API cria_code cria_threads_new(int n_threads, cria_threads** out, cria_error** error);
CRIA_C_API void cria_threads_free(cria_threads* threads);

/* isa and threads may be null. Free with cria_packed_matrix_free (accepts null). */
CRIA_C_API cria_code cria_pack_matrix(const cria_const_matrix* b, const char* isa,
                                      cria_threads* threads, cria_packed_matrix** out,
                                      cria_error** error);
CRIA_C_API void cria_packed_matrix_free(cria_packed_matrix* b);
CRIA_C_API int64_t cria_packed_matrix_bytes(const cria_packed_matrix* b);

typedef struct cria_gemm_options {
  float alpha;
  float beta;
  int accumulate;
  const float* bias;
  const int32_t* bias_s32;
  cria_activation activation;
  const float* scales;
  float scale;
  int32_t zero_point;
  cria_threads* threads;
  void* workspace;
  int64_t workspace_bytes;
} cria_gemm_options;

CRIA_C_API cria_gemm_options cria_gemm_defaults(void);

/* options may be null. */
CRIA_C_API cria_code cria_gemm_workspace_bytes(const cria_const_matrix* a,
                                               const cria_packed_matrix* b, const cria_matrix* c,
                                               const cria_gemm_options* options, int64_t* n_bytes,
                                               cria_error** error);
CRIA_C_API cria_code cria_multiply(const cria_const_matrix* a, const cria_packed_matrix* b,
                                   const cria_matrix* c, const cria_gemm_options* options,
                                   cria_error** error);
/* B as it stands, used once. */
CRIA_C_API cria_code cria_multiply_unpacked(const cria_const_matrix* a, const cria_const_matrix* b,
                                            const cria_matrix* c, const cria_gemm_options* options,
                                            cria_error** error);

CRIA_C_API cria_code cria_quantize(const float* x, int64_t n, cria_element_type type, float scale,
                                   int32_t zero_point, void* out, cria_error** error);
CRIA_C_API void cria_quantization_for(const float* x, int64_t n, cria_element_type type,
                                      int symmetric, float* scale, int32_t* zero_point);
CRIA_C_API cria_code cria_requantize(const void* x, cria_element_type from, int64_t n, float scale,
                                     int32_t zero_point, cria_element_type to, void* out,
                                     cria_error** error);

#ifdef __cplusplus
}
#endif

#endif /* CRIA_C_GEMM_H_ */
