// The C ABI of the products: handles and conversions, nothing else.
#include "cria/c_gemm.h"

#include "api/c_edge.h"
#include "cria/gemm.h"

struct cria_threads {
  cria::GemmThreads threads;
};
struct cria_packed_matrix {
  cria::PackedMatrix matrix;
};

namespace {

using cria::ElementType;
using cria::Status;
using cria::api::missing;
using cria::api::run_for_c;

static_assert(static_cast<int>(ElementType::q6_k) == CRIA_Q6_K);
static_assert(static_cast<int>(ElementType::s32) == CRIA_S32);
static_assert(static_cast<int>(cria::Activation::silu) == CRIA_SILU);

cria::ConstMatrixView view_of(const cria_const_matrix& m) {
  return {m.data,
          static_cast<ElementType>(m.type),
          m.n_rows,
          m.n_cols,
          m.column_major != 0 ? cria::Order::column_major : cria::Order::row_major,
          m.stride};
}
cria::MatrixView view_of(const cria_matrix& m) {
  return {m.data, static_cast<ElementType>(m.type), m.n_rows, m.n_cols, m.stride};
}

cria::GemmOptions options_of(const cria_gemm_options* o) {
  cria::GemmOptions options;
  if (o == nullptr) return options;
  options.alpha = o->alpha;
  options.beta = o->beta;
  options.accumulate = o->accumulate != 0;
  options.bias = o->bias;
  options.bias_s32 = o->bias_s32;
  options.activation = static_cast<cria::Activation>(o->activation);
  options.scales = o->scales;
  options.scale = o->scale;
  options.zero_point = o->zero_point;
  options.threads = o->threads != nullptr ? &o->threads->threads : nullptr;
  options.workspace = o->workspace;
  options.workspace_bytes = o->workspace_bytes;
  return options;
}

}  // namespace

cria_code cria_threads_new(int n_threads, cria_threads** out, cria_error** error) {
  return run_for_c(error, [&]() -> Status {
    if (out == nullptr) return missing("out");
    *out = nullptr;
    auto threads = cria::GemmThreads::create(n_threads);
    if (!threads.ok()) return threads.status();
    *out = new cria_threads{std::move(*threads)};
    return {};
  });
}

void cria_threads_free(cria_threads* threads) { delete threads; }

cria_code cria_pack_matrix(const cria_const_matrix* b, const char* isa, cria_threads* threads,
                           cria_packed_matrix** out, cria_error** error) {
  return run_for_c(error, [&]() -> Status {
    if (out == nullptr) return missing("out");
    *out = nullptr;
    if (b == nullptr) return missing("b");
    cria::PackOptions options;
    if (isa != nullptr) options.isa = isa;
    if (threads != nullptr) options.threads = &threads->threads;
    auto packed = cria::PackedMatrix::pack(view_of(*b), options);
    if (!packed.ok()) return packed.status();
    *out = new cria_packed_matrix{std::move(*packed)};
    return {};
  });
}

void cria_packed_matrix_free(cria_packed_matrix* b) { delete b; }

int64_t cria_packed_matrix_bytes(const cria_packed_matrix* b) {
  return b != nullptr ? b->matrix.size_bytes() : 0;
}

cria_gemm_options cria_gemm_defaults(void) {
  cria_gemm_options options = {};
  options.alpha = 1;
  options.scale = 1;
  return options;
}

cria_code cria_gemm_workspace_bytes(const cria_const_matrix* a, const cria_packed_matrix* b,
                                    const cria_matrix* c, const cria_gemm_options* options,
                                    int64_t* n_bytes, cria_error** error) {
  return run_for_c(error, [&]() -> Status {
    if (a == nullptr || b == nullptr || c == nullptr) return missing("a, b or c");
    if (n_bytes == nullptr) return missing("n_bytes");
    const auto bytes =
        cria::gemm_workspace_bytes(view_of(*a), b->matrix, view_of(*c), options_of(options));
    if (!bytes.ok()) return bytes.status();
    *n_bytes = *bytes;
    return {};
  });
}

cria_code cria_multiply(const cria_const_matrix* a, const cria_packed_matrix* b,
                        const cria_matrix* c, const cria_gemm_options* options,
                        cria_error** error) {
  return run_for_c(error, [&]() -> Status {
    if (a == nullptr || b == nullptr || c == nullptr) return missing("a, b or c");
    return cria::multiply(view_of(*a), b->matrix, view_of(*c), options_of(options));
  });
}

cria_code cria_multiply_unpacked(const cria_const_matrix* a, const cria_const_matrix* b,
                                 const cria_matrix* c, const cria_gemm_options* options,
                                 cria_error** error) {
  return run_for_c(error, [&]() -> Status {
    if (a == nullptr || b == nullptr || c == nullptr) return missing("a, b or c");
    return cria::multiply(view_of(*a), view_of(*b), view_of(*c), options_of(options));
  });
}

cria_code cria_quantize(const float* x, int64_t n, cria_element_type type, float scale,
                        int32_t zero_point, void* out, cria_error** error) {
  return run_for_c(error, [&]() -> Status {
    return cria::quantize(x, n, static_cast<ElementType>(type),
                          {.scale = scale, .zero_point = zero_point}, out);
  });
}

void cria_quantization_for(const float* x, int64_t n, cria_element_type type, int symmetric,
                           float* scale, int32_t* zero_point) {
  const cria::Quantization how =
      cria::quantization_for(x, n, static_cast<ElementType>(type), symmetric != 0);
  if (scale != nullptr) *scale = how.scale;
  if (zero_point != nullptr) *zero_point = how.zero_point;
}

cria_code cria_requantize(const void* x, cria_element_type from, int64_t n, float scale,
                          int32_t zero_point, cria_element_type to, void* out, cria_error** error) {
  return run_for_c(error, [&]() -> Status {
    return cria::requantize(x, static_cast<ElementType>(from), n, scale, zero_point,
                            static_cast<ElementType>(to), out);
  });
}
