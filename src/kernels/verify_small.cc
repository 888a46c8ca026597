// The kernels that are no products, and products in groups of any size, against the scalar table's.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/str_cat.h"
#include "kernels/verify_parts.h"
#include "tensor/half.h"
#include "tensor/quantize.h"

namespace cria::kernels {
namespace {

// The first element that is further from the definition than share * |expected| + floor.
std::string compare(const std::vector<float>& found, const std::vector<float>& expected,
                    double share, double floor, const char* what) {
  for (size_t i = 0; i < found.size(); ++i) {
    const double right = expected[i];
    if (found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i]))) continue;
    if (!(std::abs(found[i] - right) <= share * std::abs(right) + floor)) {
      return differs(what, static_cast<int64_t>(i), found[i], right);
    }
  }
  return {};
}

// Blocks of all magnitudes, ties, zeros, and some that hold what is no number.
std::vector<float> values_to_quantize() {
  VerifyRandom random(31);
  std::vector<float> x;
  for (int exponent = -130; exponent <= 120; exponent += 5) {
    for (int i = 0; i < 32; ++i) x.push_back(random.uniform(std::ldexp(1.0f, exponent)));
  }
  x.push_back(127);
  for (int i = 1; i < 32; ++i) x.push_back(static_cast<float>(i) - 16.5f);
  x.insert(x.end(), 32, 0.0f);
  for (const float bad : {std::numeric_limits<float>::infinity(), -INFINITY, NAN}) {
    x.insert(x.end(), 32, 2.0f);
    x[x.size() - 9] = bad;
  }
  return x;
}

}  // namespace

uint32_t VerifyRandom::bits() {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return static_cast<uint32_t>(state_ >> 32);
}

float VerifyRandom::uniform(float range) {
  return range * (static_cast<float>(bits() % 20001) / 10000.0f - 1.0f);
}

std::vector<float> VerifyRandom::uniforms(int64_t n, float range) {
  std::vector<float> out(static_cast<size_t>(n));
  for (float& value : out) value = uniform(range);
  return out;
}

std::string differs(const char* what, int64_t at, double found, double expected) {
  return str_cat(what, " ", at, ": found ", found, ", expected ", expected);
}

std::string verify_quantize_q8a(QuantizeQ8aFn kernel) {
  const std::vector<float> x = values_to_quantize();
  const auto n = static_cast<int64_t>(x.size());
  std::vector<BlockQ8A> found(x.size() / 32), expected(found.size());
  kernel(x.data(), n, found.data());
  scalar::kTable.quantize_q8a(x.data(), n, expected.data());
  for (size_t i = 0; i < found.size(); ++i) {
    const BlockQ8A &a = found[i], &b = expected[i];
    const bool same_scale = a.d == b.d || (std::isnan(a.d) && std::isnan(b.d));
    if (!same_scale) return differs("scale of block", static_cast<int64_t>(i), a.d, b.d);
    if (std::memcmp(a.q, b.q, sizeof a.q) != 0 || std::memcmp(a.sums, b.sums, sizeof a.sums) != 0) {
      return str_cat("block ", i, ": other integers or sums");
    }
  }
  return {};
}

std::string verify_quantize_grouped(QuantizeGroupedFn kernel) {
  const std::vector<float> x = values_to_quantize();
  const auto n = static_cast<int64_t>(x.size()) - 3;
  for (const int64_t group_size : {1, 3, 32, 100}) {
    const auto bytes = static_cast<size_t>(grouped_row_bytes(n, group_size));
    std::vector<std::byte> found(bytes), expected(bytes);
    kernel(x.data(), n, group_size, found.data());
    scalar::kTable.quantize_grouped(x.data(), n, group_size, expected.data());
    const auto n_scales = static_cast<size_t>((n + group_size - 1) / group_size);
    std::vector<float> scales(n_scales), right(n_scales);
    std::memcpy(scales.data(), found.data(), 4 * n_scales);
    std::memcpy(right.data(), expected.data(), 4 * n_scales);
    std::string wrong = compare(scales, right, 0, 0, "scale");
    if (!wrong.empty()) return wrong;
    const size_t first = 4 * n_scales;
    if (std::memcmp(&found[first], &expected[first], static_cast<size_t>(n)) != 0) {
      return str_cat("groups of ", group_size, ": other integers");
    }
  }
  return {};
}

std::string verify_rms_norm(RmsNormFn kernel) {
  VerifyRandom random(32);
  for (const int64_t n : {1, 7, 8, 33, 64, 100, 2048}) {
    const std::vector<float> x = random.uniforms(n, 3), weight = random.uniforms(n, 2);
    std::vector<float> found(x.size()), expected(x.size());
    kernel(x.data(), weight.data(), n, 1e-5f, found.data());
    scalar::kTable.rms_norm(x.data(), weight.data(), n, 1e-5f, expected.data());
    std::string wrong = compare(found, expected, 1e-5, 0, "element");
    if (!wrong.empty()) return str_cat(wrong, " of ", n);
  }
  return {};
}

std::string verify_swiglu(SwigluFn kernel) {
  VerifyRandom random(33);
  for (const int64_t n : {1, 7, 8, 33, 500}) {
    const std::vector<float> gate = random.uniforms(n, n % 2 == 0 ? 5.0f : 100.0f);
    const std::vector<float> up = random.uniforms(n, 3);
    std::vector<float> found(gate.size()), expected(gate.size());
    kernel(gate.data(), up.data(), n, found.data());
    scalar::kTable.swiglu(gate.data(), up.data(), n, expected.data());
    // e^-x has left fp32 where x < -88; what is left of the product then is below 1e-35.
    std::string wrong = compare(found, expected, 1e-5, 1e-35, "element");
    if (!wrong.empty()) return str_cat(wrong, " of ", n);
  }
  return {};
}

namespace {

// Rows of random values in pages that stand in no order.
struct PagedRows {
  PagedRows(VerifyRandom& random, DType type, int64_t n_positions, int64_t head_dim) {
    const auto row = static_cast<int64_t>(*row_bytes(type, static_cast<uint64_t>(head_dim)));
    const int64_t n_pages = (n_positions + kKvPage - 1) / kKvPage;
    bytes.resize(static_cast<size_t>(n_pages * kKvPage * row));
    rows = {type, bytes.data(), kKvPage * row, row};
    for (int64_t i = 0; i < n_pages * kKvPage; ++i) {
      const std::vector<float> x = random.uniforms(head_dim, 1);
      quantize_row(type, x.data(), head_dim, nullptr, bytes.data() + i * row);
    }
    for (int64_t i = n_pages; i-- > 0;) pages.push_back(static_cast<int32_t>(i));
  }
  std::vector<std::byte> bytes;
  std::vector<int32_t> pages;
  KvRows rows;
};

std::string verify_attend_of(AttendFn kernel, DType k_type, DType v_type, int64_t n_heads,
                             int64_t head_dim, int64_t n_positions) {
  VerifyRandom random(34);
  const std::vector<float> q = random.uniforms(n_heads * head_dim, 2);
  const int64_t first = n_positions / 5;
  const PagedRows k(random, k_type, first + n_positions, head_dim);
  const PagedRows v(random, v_type, first + n_positions, head_dim);
  std::vector<float> found(q.size()), expected(q.size());
  AttendArgs args = {.q = q.data(),
                     .n_heads = n_heads,
                     .head_dim = head_dim,
                     .pages = k.pages.data(),
                     .k = k.rows,
                     .v = v.rows,
                     .first = first,
                     .n_positions = n_positions,
                     .scale = 1 / std::sqrt(static_cast<float>(head_dim)),
                     .out = found.data()};
  kernel(args);
  args.out = expected.data();
  scalar::kTable.attend(args);
  std::string wrong = compare(found, expected, 0, 1e-5, "element");
  if (wrong.empty()) return wrong;
  return str_cat(wrong, ", ", n_heads, " heads, ", n_positions, " positions of ", head_dim, ", ",
                 dtype_info(k_type).name, " and ", dtype_info(v_type).name);
}

// Few heads and heads together.
std::string verify_attend_of(AttendFn kernel, DType k_type, DType v_type, int64_t head_dim,
                             int64_t n_positions) {
  for (const int64_t n_heads : {int64_t{3}, kLeastHeadsTogether + 1}) {
    std::string wrong = verify_attend_of(kernel, k_type, v_type, n_heads, head_dim, n_positions);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace

std::string verify_attend(AttendFn kernel) {
  for (const int64_t n_positions : {1, 5, 64, 131}) {
    for (const auto& [k_type, v_type] :
         {std::pair(DType::f32, DType::f32), std::pair(DType::f16, DType::f16),
          std::pair(DType::f32, DType::f16), std::pair(DType::f16, DType::f32)}) {
      for (const int64_t head_dim : {24, 64, 80, 128}) {
        std::string wrong = verify_attend_of(kernel, k_type, v_type, head_dim, n_positions);
        if (!wrong.empty()) return wrong;
      }
    }
    for (const auto& [k_type, v_type] :
         {std::pair(DType::q8_0, DType::q8_0), std::pair(DType::q4_0, DType::q4_0),
          std::pair(DType::q8_0, DType::f16)}) {
      for (const int64_t head_dim : {32, 96, 256}) {
        std::string wrong = verify_attend_of(kernel, k_type, v_type, head_dim, n_positions);
        if (!wrong.empty()) return wrong;
      }
    }
  }
  return {};
}

std::string verify_store_f16(StoreF16Fn kernel) {
  VerifyRandom random(35);
  std::vector<float> x = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 65504.0f, 65520.0f, 1e-8f};
  for (int i = 0; i < 20000; ++i) x.push_back(bits_to_f32(random.bits()));
  for (uint32_t half = 0; half < 0x7c00; half += 7) {  // ties
    x.push_back(bits_to_f32(f32_to_bits(f16_to_f32(static_cast<uint16_t>(half))) + 0x1000));
  }
  std::vector<uint16_t> found(x.size());
  kernel(x.data(), static_cast<int64_t>(x.size()), found.data());
  for (size_t i = 0; i < x.size(); ++i) {
    if (found[i] != f32_to_f16(x[i])) {
      return differs("bits of element", static_cast<int64_t>(i), found[i], f32_to_f16(x[i]));
    }
  }
  return {};
}

std::string verify_grouped(MatmulGroupedFn kernel) {
  VerifyRandom random(36);
  constexpr int64_t kRows = 5, kTokens = 3, kCols = 133, kGroup = 32, kFirstRow = 2;
  std::vector<std::byte> w(kRows * kCols);
  for (std::byte& byte : w) byte = static_cast<std::byte>(random.bits());
  const std::vector<float> scales =
      random.uniforms(((kFirstRow + kRows) * kCols + kGroup - 1) / kGroup, 1);
  const std::vector<float> values = random.uniforms(kTokens * kCols, 3);
  const int64_t x_row_bytes = grouped_row_bytes(kCols, kGroup);
  std::vector<std::byte> x(static_cast<size_t>(kTokens * x_row_bytes));
  for (int64_t t = 0; t < kTokens; ++t) {
    scalar::kTable.quantize_grouped(values.data() + t * kCols, kCols, kGroup,
                                    x.data() + t * x_row_bytes);
  }
  std::vector<float> found(kRows * kTokens), expected(kRows * kTokens);
  MatmulGroupedArgs args = {.w = w.data(),
                            .w_row_bytes = kCols,
                            .n_rows = kRows,
                            .n_cols = kCols,
                            .x = x.data(),
                            .x_row_bytes = x_row_bytes,
                            .n_tokens = kTokens,
                            .out = found.data(),
                            .out_stride = kRows,
                            .scales = reinterpret_cast<const std::byte*>(scales.data()),
                            .group_size = kGroup,
                            .first_row = kFirstRow};
  kernel(args);
  args.out = expected.data();
  scalar::kTable.matmul_grouped(args);
  // At most kCols products of 128 (times scale 1) and 3: the bound of sum |w * x|.
  return compare(found, expected, 0, 1e-5 * kCols * 128 * 3, "element");
}

}  // namespace cria::kernels
