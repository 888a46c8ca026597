// Matrix products where one side is small: C(M,N) = A(M,K) * B(K,N) with few rows, weights packed
// beforehand. Stands alone: no model is needed.
//
//   auto b = cria::PackedMatrix::pack({weights, cria::ElementType::f32, k, n});
//   cria::multiply({a, cria::ElementType::f32, m, k}, *b, {c, cria::ElementType::f32, m, n});
//
// Elements that go together (other combinations: unsupported, with this list):
//   A               B                              C
//   f32             f32 f16 bf16, block types      f32 f16 bf16, s8 u8 s16 (quantised)
//   f16, bf16       the same type                  as above
//   s8              s8                             s32, s8 u8 (requantised), f32 (dequantised)
//   u8              u8                             as above
// Sums of f32, f16 and bf16 products are fp32; for block types A is quantised to int8 in blocks of
// 32. s8 and u8 products are exact in int32, which wraps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "cria/status.h"

namespace cria {

enum class ElementType : uint8_t {
  f32,
  f16,
  bf16,
  s8,
  u8,
  s16,
  s32,
  // Blocks of the GGUF specification; a column of B is a row of blocks (Order::column_major).
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
};
CRIA_API const char* element_type_name(ElementType type);

enum class Order : uint8_t { row_major, column_major };

// A matrix that somebody else owns, for the length of a call. Element (r, c) of a row-major one is
// at r * stride + c, of a column-major one at c * stride + r; stride counts elements, 0 is dense.
// data needs no alignment beyond that of the element.
struct ConstMatrixView {
  const void* data = nullptr;
  ElementType type = ElementType::f32;
  int64_t n_rows = 0;
  int64_t n_cols = 0;
  Order order = Order::row_major;
  int64_t stride = 0;
};
// C: row-major only.
struct MatrixView {
  void* data = nullptr;
  ElementType type = ElementType::f32;
  int64_t n_rows = 0;
  int64_t n_cols = 0;
  int64_t stride = 0;
};

// Threads to share out a product. Thread compatible: one product at a time.
class CRIA_API GemmThreads {
 public:
  // n_threads 0: as many as this process may use. Errors: invalid_argument, out_of_memory.
  static Result<GemmThreads> create(int n_threads = 0);
  GemmThreads(GemmThreads&&) noexcept;
  GemmThreads& operator=(GemmThreads&&) noexcept;
  ~GemmThreads();
  int n_threads() const;

  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  explicit GemmThreads(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct PackOptions {
  std::string isa = {};            // kernel table by name; "": CRIA_ISA, else the best one
  GemmThreads* threads = nullptr;  // null: the calling thread
};

// B in the order in which the kernels of this CPU stream it. Immutable: any number of threads may
// multiply with it at once.
class CRIA_API PackedMatrix {
 public:
  // B [n_rows = K, n_cols = N]; its memory is not needed afterwards. Block types: column-major,
  // K and the stride multiples of the block.
  // Errors: invalid_argument (field, value, limit), out_of_memory.
  static Result<PackedMatrix> pack(const ConstMatrixView& b, const PackOptions& options = {});
  PackedMatrix(PackedMatrix&&) noexcept;
  PackedMatrix& operator=(PackedMatrix&&) noexcept;
  ~PackedMatrix();

  int64_t n_rows() const;
  int64_t n_cols() const;
  ElementType type() const;
  int64_t size_bytes() const;  // of the packed form
  std::string layout() const;  // for people: "avx2: [k][16] fp32"

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit PackedMatrix(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

enum class Activation : uint8_t { none, relu, relu6, gelu_tanh, silu };

// What happens to the sums on their way out:
//   c = activation(alpha * sum + bias[n] + beta * c)                              C of floats
//   c = quantise(the above, scale, zero_point)                                    C of s8, u8, s16
//   c = sum + bias_s32[n] (+ c where accumulate)                                  C of s32
//   c = saturate(round((sum + bias_s32[n]) * scales[n]) + zero_point)             s32 -> s8, u8
//   c = activation((sum + bias_s32[n]) * scales[n] + bias[n])                     s32 -> f32
// Rounding is to nearest, ties to even.
struct GemmOptions {
  float alpha = 1;
  float beta = 0;                     // 0: C is not read
  bool accumulate = false;            // s32: c += sum
  const float* bias = nullptr;        // [N]
  const int32_t* bias_s32 = nullptr;  // [N]
  Activation activation = Activation::none;
  const float* scales = nullptr;  // [N]; null: `scale` for all
  float scale = 1;                // quantise: q = round(x / scale) + zero_point
  int32_t zero_point = 0;
  GemmThreads* threads = nullptr;  // null: the calling thread
  // Scratch of gemm_workspace_bytes, 64-byte aligned or not. Null: allocated in the call.
  void* workspace = nullptr;
  int64_t workspace_bytes = 0;
};

// Scratch that multiply wants for these sizes; 0 for many.
CRIA_API Result<int64_t> gemm_workspace_bytes(const ConstMatrixView& a, const PackedMatrix& b,
                                              const MatrixView& c, const GemmOptions& options = {});

// C = A * B and the epilogue. M, N or K may be 0 (K 0: sums of zero).
// Order   one element of C is the same, bit for bit, for any number of threads and for any M
// Errors  invalid_argument: sizes that do not match, a null pointer, C overlapping A, bias or the
//         workspace, a value out of range; unsupported: types that do not go together;
//         out_of_memory. C is untouched then.
// Threads safe to call at once on disjoint C and different GemmThreads
CRIA_API Status multiply(const ConstMatrixView& a, const PackedMatrix& b, const MatrixView& c,
                         const GemmOptions& options = {});
// The same with B as it stands: packed panel by panel on the way, for a B that is used once.
CRIA_API Status multiply(const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& c,
                         const GemmOptions& options = {});

// q = saturate(round(x / scale) + zero_point), to s8, u8 or s16; NaN becomes zero_point. Symmetric
// quantisation is zero_point 0. Errors: invalid_argument (scale not positive and finite, a
// zero_point outside the type, another type).
struct Quantization {
  float scale = 1;
  int32_t zero_point = 0;
};
CRIA_API Status quantize(const float* x, int64_t n, ElementType type, const Quantization& how,
                         void* out);
// Scale and zero point that cover x: symmetric (largest magnitude at the type's largest value), or
// asymmetric (smallest and largest value, zero included). Non-finite x are ignored.
CRIA_API Quantization quantization_for(const float* x, int64_t n, ElementType type, bool symmetric);
// out = saturate(round(x * scale) + zero_point): s32 to s8 or u8, s16 to s8.
CRIA_API Status requantize(const void* x, ElementType from, int64_t n, float scale,
                           int32_t zero_point, ElementType to, void* out);

// n elements of a float or block type as fp32, by the plain definition of the format.
// Errors: invalid_argument (n no multiple of the block, a null pointer), unsupported (another
// type).
CRIA_API Status dequantize(ElementType type, const void* x, int64_t n, float* out);

// Which kernel and packing a shape gets, and why, as lines for people.
CRIA_API Result<std::string> explain_gemm(int64_t m, int64_t n, int64_t k, ElementType type,
                                          int n_threads = 1, const std::string& isa = "");

}  // namespace cria
