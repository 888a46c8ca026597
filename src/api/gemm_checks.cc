#include "api/gemm_checks.h"

#include <cmath>

#include "base/checked.h"
#include "tensor/dtype.h"

namespace cria::api {
namespace {

constexpr int64_t kMaxSide = int64_t{1} << 40;

constexpr struct {
  const char* name;
  int64_t bytes;  // 0: a block type
  DType dtype;    // of a float or block type
} kTypes[] = {
    {"f32", 4, DType::f32},
    {"f16", 2, DType::f16},
    {"bf16", 2, DType::bf16},
    {"s8", 1, {}},
    {"u8", 1, {}},
    {"s16", 2, {}},
    {"s32", 4, {}},
    {"q4_0", 0, DType::q4_0},
    {"q4_1", 0, DType::q4_1},
    {"q5_0", 0, DType::q5_0},
    {"q5_1", 0, DType::q5_1},
    {"q8_0", 0, DType::q8_0},
    {"q2_k", 0, DType::q2_k},
    {"q3_k", 0, DType::q3_k},
    {"q4_k", 0, DType::q4_k},
    {"q5_k", 0, DType::q5_k},
    {"q6_k", 0, DType::q6_k},
};
constexpr auto kNumTypes = static_cast<int64_t>(std::size(kTypes));

bool is_known(ElementType type) { return static_cast<int64_t>(type) < kNumTypes; }
const auto& row_of(ElementType type) { return kTypes[static_cast<size_t>(type)]; }
bool is_float(ElementType type) { return type <= ElementType::bf16; }

// One matrix of a call, as text and as bytes.
struct Side {
  const char* name;
  const void* data;
  ElementType type;
  int64_t n_rows, n_cols;
  Order order;
  int64_t stride;

  int64_t n_lines() const { return order == Order::row_major ? n_rows : n_cols; }
  int64_t line() const { return order == Order::row_major ? n_cols : n_rows; }
  int64_t step() const { return stride != 0 ? stride : line(); }
};
Side side(const char* name, const ConstMatrixView& v) {
  return {name, v.data, v.type, v.n_rows, v.n_cols, v.order, v.stride};
}
Side side(const char* name, const MatrixView& v) {
  return {name, v.data, v.type, v.n_rows, v.n_cols, Order::row_major, v.stride};
}

std::optional<uint64_t> line_bytes(ElementType type, int64_t n) {
  const auto& row = row_of(type);
  if (row.bytes == 0) return row_bytes(row.dtype, static_cast<uint64_t>(n));
  return checked_mul(static_cast<uint64_t>(n), static_cast<uint64_t>(row.bytes));
}

// Bytes from the first element to behind the last one.
std::optional<uint64_t> extent(const Side& m) {
  if (m.n_rows == 0 || m.n_cols == 0) return 0;
  const auto step = line_bytes(m.type, m.step());
  const auto last = line_bytes(m.type, m.line());
  if (!step || !last) return std::nullopt;
  const auto before = checked_mul(*step, static_cast<uint64_t>(m.n_lines() - 1));
  return before ? checked_add(*before, *last) : std::nullopt;
}

Status check_side(const Side& m) {
  if (!is_known(m.type)) {
    return invalid_argument("gemm: ", m.name, ".type: found ", static_cast<int>(m.type),
                            ", expected 0 to ", kNumTypes - 1);
  }
  for (const int64_t size : {m.n_rows, m.n_cols}) {
    if (size < 0 || size > kMaxSide) {
      return invalid_argument("gemm: ", m.name, ": found ", m.n_rows, " x ", m.n_cols,
                              ", expected sides from 0 to ", kMaxSide);
    }
  }
  if (m.stride < 0 || m.stride > kMaxSide || (m.stride != 0 && m.stride < m.line())) {
    return invalid_argument("gemm: ", m.name, ".stride: found ", m.stride,
                            ", expected 0 or at least ", m.line());
  }
  if (m.n_rows == 0 || m.n_cols == 0) return {};
  if (m.data == nullptr)
    return invalid_argument("gemm: ", m.name, ".data: found null for ", m.n_rows, " x ", m.n_cols);
  if (const auto bytes = extent(m); !bytes || *bytes > static_cast<uint64_t>(INT64_MAX)) {
    return invalid_argument("gemm: ", m.name, ": ", m.n_rows, " x ", m.n_cols,
                            " does not fit the address space");
  }
  const int64_t align = row_of(m.type).bytes;
  if (align > 1 && reinterpret_cast<uintptr_t>(m.data) % static_cast<uintptr_t>(align) != 0) {
    return invalid_argument("gemm: ", m.name, ".data: expected an address aligned to ", align,
                            " bytes for ", row_of(m.type).name);
  }
  return {};
}

bool overlap(const void* a, uint64_t a_bytes, const void* b, uint64_t b_bytes) {
  if (a == nullptr || b == nullptr || a_bytes == 0 || b_bytes == 0) return false;
  const auto a_at = reinterpret_cast<uintptr_t>(a), b_at = reinterpret_cast<uintptr_t>(b);
  return a_at < b_at + b_bytes && b_at < a_at + a_bytes;
}

Status check_overlap(const Side& a, const Side& c, const GemmOptions& o) {
  const uint64_t c_bytes = *extent(c);
  const auto n = static_cast<uint64_t>(c.n_cols) * 4;
  const struct {
    const char* name;
    const void* data;
    uint64_t bytes;
  } others[] = {{"A", a.data, *extent(a)},
                {"bias", o.bias, n},
                {"bias_s32", o.bias_s32, n},
                {"scales", o.scales, n},
                {"workspace", o.workspace, static_cast<uint64_t>(o.workspace_bytes)}};
  for (const auto& other : others) {
    if (overlap(c.data, c_bytes, other.data, other.bytes)) {
      return invalid_argument("gemm: C overlaps ", other.name, "; give it memory of its own");
    }
  }
  if (overlap(o.workspace, static_cast<uint64_t>(o.workspace_bytes), a.data, *extent(a))) {
    return invalid_argument("gemm: workspace overlaps A; give it memory of its own");
  }
  return {};
}

bool go_together(ElementType a, ElementType b, ElementType c) {
  const bool small_int_c = c == ElementType::s8 || c == ElementType::u8;
  if (is_int(b)) return a == b && (c == ElementType::s32 || c == ElementType::f32 || small_int_c);
  const bool c_fits = is_float(c) || small_int_c || c == ElementType::s16;
  return c_fits && (a == ElementType::f32 || (a == b && is_float(b)));
}

Status check_types(ElementType a, ElementType b, ElementType c) {
  if (go_together(a, b, c)) return {};
  return unsupported(
      "gemm: A ", row_of(a).name, ", B ", row_of(b).name, ", C ", row_of(c).name,
      " do not go together; A and B: f32 with f32, f16, bf16 or a block type, f16 with f16, bf16 "
      "with "
      "bf16, s8 with s8, u8 with u8; C: f32, f16, bf16, s8, u8, s16, of integers s32, s8, u8, f32");
}

Status check_options(ElementType b, ElementType c, const GemmOptions& o) {
  if (o.workspace_bytes < 0) {
    return invalid_argument("gemm: workspace_bytes: found ", o.workspace_bytes,
                            ", expected 0 or more");
  }
  if (o.activation > Activation::silu) {
    return invalid_argument("gemm: activation: found ", static_cast<int>(o.activation),
                            ", expected 0 to 4");
  }
  if (!std::isfinite(o.alpha) || !std::isfinite(o.beta)) {
    return invalid_argument("gemm: alpha and beta: found ", o.alpha, " and ", o.beta,
                            ", expected finite numbers");
  }
  const bool quantises = c == ElementType::s8 || c == ElementType::u8 || c == ElementType::s16;
  if ((quantises || is_int(b)) && o.scales == nullptr && !(std::isfinite(o.scale) && o.scale > 0)) {
    return invalid_argument("gemm: scale: found ", o.scale, ", expected a finite number above 0");
  }
  const int32_t low = c == ElementType::u8 ? 0 : c == ElementType::s16 ? -32768 : -128;
  const int32_t high = c == ElementType::u8 ? 255 : c == ElementType::s16 ? 32767 : 127;
  if (quantises && (o.zero_point < low || o.zero_point > high)) {
    return invalid_argument("gemm: zero_point: found ", o.zero_point, ", expected ", low, " to ",
                            high);
  }
  if (quantises && o.beta != 0) {
    return invalid_argument("gemm: beta: found ", o.beta, ", expected 0 where C is quantised");
  }
  return {};
}

}  // namespace

bool is_int(ElementType type) { return type == ElementType::s8 || type == ElementType::u8; }
bool is_block(ElementType type) { return type >= ElementType::q4_0; }

std::optional<kernels::PackedType> packed_type(ElementType type) {
  if (!is_known(type) || type == ElementType::s16 || type == ElementType::s32) return std::nullopt;
  const int skipped = is_block(type) ? 2 : 0;  // s16 and s32
  return static_cast<kernels::PackedType>(static_cast<int>(type) - skipped);
}

std::optional<DType> dtype_of(ElementType type) {
  if (!is_known(type) || (!is_float(type) && !is_block(type))) return std::nullopt;
  return row_of(type).dtype;
}

Steps steps_of(const ConstMatrixView& view) {
  const Side m = side("", view);
  const auto step = static_cast<int64_t>(*line_bytes(view.type, m.step()));
  const int64_t bytes = row_of(view.type).bytes;
  return view.order == Order::row_major ? Steps{step, bytes} : Steps{bytes, step};
}

Status check_rhs(const ConstMatrixView& b) {
  CRIA_RETURN_IF_ERROR(check_side(side("B", b)));
  if (!packed_type(b.type))
    return unsupported("gemm: B: type ", row_of(b.type).name, " is not one that B may have");
  if (!is_block(b.type)) return {};
  const int64_t block = dtype_info(row_of(b.type).dtype).block_elems;
  if (b.order != Order::column_major) {
    return invalid_argument("gemm: B.order: found row_major, expected column_major for ",
                            row_of(b.type).name);
  }
  if (b.n_rows % block != 0 || b.stride % block != 0) {
    return invalid_argument("gemm: B: found ", b.n_rows, " rows and a stride of ", b.stride,
                            ", expected multiples of ", block, " for ", row_of(b.type).name);
  }
  return {};
}

Status check_product(const ConstMatrixView& a, const RhsShape& b, const MatrixView& c,
                     const GemmOptions& options) {
  CRIA_RETURN_IF_ERROR(check_side(side("A", a)));
  CRIA_RETURN_IF_ERROR(check_side(side("C", c)));
  CRIA_RETURN_IF_ERROR(check_types(a.type, b.type, c.type));
  if (a.n_cols != b.n_rows || a.n_rows != c.n_rows || b.n_cols != c.n_cols) {
    return invalid_argument("gemm: sizes do not match: A ", a.n_rows, " x ", a.n_cols, ", B ",
                            b.n_rows, " x ", b.n_cols, ", C ", c.n_rows, " x ", c.n_cols);
  }
  CRIA_RETURN_IF_ERROR(check_options(b.type, c.type, options));
  return check_overlap(side("A", a), side("C", c), options);
}

Status check_explained(int64_t m, int64_t n, int64_t k, ElementType type, int n_threads) {
  if (!packed_type(type))
    return invalid_argument("gemm: type: this one is not one that B may have");
  for (const int64_t size : {m, n, k}) {
    if (size < 1 || size > kMaxSide) {
      return invalid_argument("gemm: M, N, K: found ", m, ", ", n, ", ", k, ", expected 1 to ",
                              kMaxSide);
    }
  }
  if (n_threads < 1)
    return invalid_argument("gemm: n_threads: found ", n_threads, ", expected 1 or more");
  const int64_t block = is_block(type) ? dtype_info(row_of(type).dtype).block_elems : 1;
  if (k % block != 0) {
    return invalid_argument("gemm: K: found ", k, ", expected a multiple of ", block, " for ",
                            row_of(type).name);
  }
  return {};
}

}  // namespace cria::api

namespace cria {
const char* element_type_name(ElementType type) {
  return api::is_known(type) ? api::row_of(type).name : "unknown";
}
}  // namespace cria
