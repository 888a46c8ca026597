// Products against the scalar table's: every tile of a packed kernel, and the kernels for weights
// as they stand.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "base/str_cat.h"
#include "kernels/verify_parts.h"
#include "tensor/half.h"

namespace cria::kernels {
namespace {

constexpr DType kDTypes[kNumPackedTypes] = {DType::f32,  DType::f16,  DType::bf16, DType::i8,
                                            DType::i8,   DType::q4_0, DType::q4_1, DType::q5_0,
                                            DType::q5_1, DType::q8_0, DType::q2_k, DType::q3_k,
                                            DType::q4_k, DType::q5_k, DType::q6_k};

bool is_int(PackedType type) { return type == PackedType::s8 || type == PackedType::u8; }
bool is_block(PackedType type) { return type >= PackedType::q4_0; }

// Odd sizes, but for whole blocks; three of them, so that a part of k has a middle.
int64_t length_for(PackedType type) {
  return type >= PackedType::q2_k ? 3 * 256 : is_block(type) ? 7 * 32 : 131;
}

// The fp16 fields of a block.
std::vector<size_t> scales_of(DType dtype) {
  switch (dtype) {
    case DType::q4_1:
    case DType::q5_1:
    case DType::q4_k:
    case DType::q5_k:
      return {0, 2};
    case DType::q2_k:
      return {offsetof(BlockQ2K, d), offsetof(BlockQ2K, dmin)};
    case DType::q3_k:
      return {offsetof(BlockQ3K, d)};
    case DType::q6_k:
      return {offsetof(BlockQ6K, d)};
    default:
      return {0};
  }
}

struct Size {
  int64_t m, n, k;
};

// A [m, k] and B [k, n], B's columns one after the other, in all forms that kernels read.
struct Operands {
  Operands(PackedType of_type, const Size& of_size, bool extreme)
      : type(of_type), dtype(kDTypes[static_cast<size_t>(of_type)]), size(of_size) {
    VerifyRandom random(static_cast<uint64_t>(type) + 1);
    column_bytes = static_cast<int64_t>(*row_bytes(dtype, static_cast<uint64_t>(size.k)));
    b.resize(static_cast<size_t>(size.n * column_bytes));
    for (std::byte& byte : b) byte = static_cast<std::byte>(random.bits());
    if (is_int(type)) {
      make_ints(random, extreme);
      return;
    }
    if (is_block(type)) {
      make_blocks(random, extreme);
    } else {
      make_floats(random);
    }
    a = random.uniforms(size.m * size.k, 2);
    if (extreme) std::fill(a.begin(), a.end(), -127.0f);
    if (!is_block(type)) return;
    q8a.resize(a.size() / 32);
    scalar::kTable.quantize_q8a(a.data(), static_cast<int64_t>(a.size()), q8a.data());
  }

  void make_ints(VerifyRandom& random, bool extreme) {
    const auto largest = static_cast<std::byte>(type == PackedType::s8 ? 0x80 : 0xff);
    if (extreme) std::fill(b.begin(), b.end(), largest);
    bytes.resize(static_cast<size_t>(size.m * size.k));
    for (std::byte& byte : bytes) byte = extreme ? largest : static_cast<std::byte>(random.bits());
    for (const std::byte byte : bytes) {
      wide.push_back(type == PackedType::s8 ? static_cast<int8_t>(byte)
                                            : static_cast<uint8_t>(byte));
    }
  }

  void make_blocks(VerifyRandom& random, bool extreme) {
    if (extreme) std::fill(b.begin(), b.end(), std::byte{0x80});
    const size_t block_bytes = dtype_info(dtype).block_bytes;
    for (size_t block = 0; block < b.size(); block += block_bytes) {
      for (const size_t at : scales_of(dtype)) {
        const uint16_t scale = f32_to_f16(extreme ? 1.0f : random.uniform(0.1f));
        std::memcpy(b.data() + block + at, &scale, sizeof scale);
      }
    }
  }

  void make_floats(VerifyRandom& random) {
    const size_t bytes_each = dtype_info(dtype).block_bytes;
    for (size_t at = 0; at < b.size(); at += bytes_each) {
      const float value = random.uniform(1);
      const uint16_t half = type == PackedType::f16 ? f32_to_f16(value) : f32_to_bf16(value);
      std::memcpy(b.data() + at, bytes_each == 4 ? static_cast<const void*>(&value) : &half,
                  bytes_each);
    }
  }

  // A as a kernel of this form reads it.
  struct Rows {
    const std::byte* data;
    int64_t row_bytes, step_bytes;
    const std::byte* at(int64_t row, int64_t k) const {
      constexpr int64_t kBlock = static_cast<int64_t>(sizeof(BlockQ8A));
      return data + row * row_bytes + (step_bytes == 0 ? k / 32 * kBlock : k * step_bytes);
    }
  };
  Rows rows(LhsForm form) const {
    constexpr int64_t kBlock = static_cast<int64_t>(sizeof(BlockQ8A));
    const auto of = [](const auto& values) {
      return reinterpret_cast<const std::byte*>(values.data());
    };
    if (form == LhsForm::q8a) return {of(q8a), size.k / 32 * kBlock, 0};
    if (form == LhsForm::wide_rows) return {of(wide), size.k * 2, 2};
    return is_int(type) ? Rows{of(bytes), size.k, 1} : Rows{of(a), size.k * 4, 4};
  }

  // sum of |a * b| over k, with a minimum that blocks subtract counted by itself: what the error of
  // an element may be a share of.
  double magnitude(int64_t m, int64_t n) const {
    const std::byte* column = b.data() + n * column_bytes;
    double sum = 0;
    if (is_block(type)) {
      Unpacked32 w{};
      for (int64_t k = 0; k < size.k; ++k) {
        if (k % 32 == 0) unpack_32(dtype, column, k / 32, w);
        const BlockQ8A& x = q8a[static_cast<size_t>((m * size.k + k) / 32)];
        const double value = std::abs(static_cast<double>(x.d) * x.q[k % 32]);
        sum += value * (std::abs(static_cast<double>(w.d[k % 32 / 16]) * w.q[k % 32]) +
                        std::abs(static_cast<double>(w.m[k % 32 / 16])));
      }
      return sum;
    }
    std::vector<float> w(static_cast<size_t>(size.k));
    dequantize_row(dtype, column, size.k, w.data());
    for (size_t k = 0; k < w.size(); ++k) {
      sum += std::abs(static_cast<double>(w[k]) * a[static_cast<size_t>(m * size.k) + k]);
    }
    return sum;
  }

  PackedType type;
  DType dtype;
  Size size;
  int64_t column_bytes = 0;
  std::vector<std::byte> b;
  std::vector<float> a;
  std::vector<BlockQ8A> q8a;
  std::vector<std::byte> bytes;
  std::vector<int16_t> wide;
};

// B packed by one kernel.
class Product {
 public:
  Product(const PackedKernel& kernel, const Operands& operands)
      : kernel_(kernel),
        in_(operands),
        rows_(operands.rows(kernel.form)),
        panel_bytes_(kernel.panel_bytes(operands.size.k)) {
    panels_.resize(static_cast<size_t>(n_panels() * panel_bytes_));
    for (int64_t p = 0; p < n_panels(); ++p) {
      kernel.pack({.b = in_.b.data() + p * kernel.width * in_.column_bytes,
                   .k_stride = in_.column_bytes / in_.size.k,  // of blocks: not used
                   .n_stride = in_.column_bytes,
                   .n_k = in_.size.k,
                   .n_cols = columns(p, 1),
                   .out = panels_.data() + p * panel_bytes_});
    }
  }

  int64_t n_panels() const { return (in_.size.n + kernel_.width - 1) / kernel_.width; }
  int64_t columns(int64_t panel, int64_t n) const {
    return std::min<int64_t>(n * kernel_.width, in_.size.n - panel * kernel_.width);
  }

  // The first n_rows rows by the panels from `panel` on, k in parts of k_part, into c [m, n].
  void run(const Tile& tile, int64_t n_rows, int64_t panel, int64_t k_part,
           std::vector<uint32_t>& c, int64_t first_row = 0) {
    for (int64_t k = 0; k < in_.size.k; k += k_part) {
      const int64_t n_k = std::min(k_part, in_.size.k - k);
      const std::vector<int32_t> sums = sums_of(first_row, n_rows, k, n_k);
      if (tile.grouped) make_group(n_rows, k, n_k, first_row);
      tile.run({.a = tile.grouped ? group_.data() : rows_.at(first_row, k),
                .a_row_bytes = rows_.row_bytes,
                .a_step_bytes = rows_.step_bytes,
                .a_sums = kernel_.wants_a_sums ? sums.data() : nullptr,
                .b = panels_.data() + panel * panel_bytes_,
                .panel_bytes = panel_bytes_,
                .first_k = k,
                .n_k = n_k,
                .n_rows = n_rows,
                .n_cols = columns(panel, tile.panels),
                .c = c.data() + first_row * in_.size.n + panel * kernel_.width,
                .c_stride = in_.size.n,
                .add = k > 0});
    }
  }

 private:
  std::vector<int32_t> sums_of(int64_t row, int64_t n_rows, int64_t k, int64_t n_k) const {
    std::vector<int32_t> sums(static_cast<size_t>(n_rows), 0);
    if (in_.wide.empty()) return sums;
    for (int64_t r = 0; r < n_rows; ++r) {
      for (int64_t i = k; i < k + n_k; ++i) {
        sums[static_cast<size_t>(r)] += in_.wide[static_cast<size_t>((row + r) * in_.size.k + i)];
      }
    }
    return sums;
  }

  void make_group(int64_t n_rows, int64_t k, int64_t n_k, int64_t row) {
    group_.assign(static_cast<size_t>(kernel_.group_bytes(n_k)), std::byte{0});
    kernel_.group({.a = rows_.at(row, k),
                   .a_row_bytes = rows_.row_bytes,
                   .a_step_bytes = rows_.step_bytes,
                   .n_rows = n_rows,
                   .n_k = n_k,
                   .out = group_.data()});
  }

  const PackedKernel& kernel_;
  const Operands& in_;
  Operands::Rows rows_;
  int64_t panel_bytes_;
  std::vector<std::byte> panels_, group_;
};

// What the scalar table's packed kernel makes of the operands.
std::vector<uint32_t> defined(const Operands& operands) {
  const PackedKernel& kernel = *scalar::kTable.packed[static_cast<size_t>(operands.type)];
  Product product(kernel, operands);
  const Size& size = operands.size;
  std::vector<uint32_t> c(static_cast<size_t>(size.m * size.n));
  for (int64_t row = 0; row < size.m; ++row) {
    for (int64_t p = 0; p < product.n_panels(); ++p) {
      product.run(kernel.tiles[0], 1, p, size.k, c, row);
    }
  }
  return c;
}

// Compares columns of C with the definition, within the contract's accuracy.
class Judge {
 public:
  Judge(const Operands& operands, float rounding)
      : in_(operands), expected_(defined(operands)), magnitudes_(expected_.size(), -1) {
    const double k = static_cast<double>(in_.size.k);
    tolerance_ = is_block(in_.type) ? 1e-5 : 2 * (1e-7 + 3e-8 * std::sqrt(k) + rounding);
  }

  std::string compare(const std::vector<uint32_t>& c, int64_t n_rows, int64_t column,
                      int64_t n_cols) {
    for (int64_t row = 0; row < n_rows; ++row) {
      for (int64_t n = column; n < column + n_cols; ++n) {
        const auto at = static_cast<size_t>(row * in_.size.n + n);
        if (c[at] == expected_[at]) continue;
        if (is_int(in_.type)) {
          return words(row, n, static_cast<int32_t>(c[at]), static_cast<int32_t>(expected_[at]));
        }
        const double found = bits_to_f32(c[at]), right = bits_to_f32(expected_[at]);
        if (!(std::abs(found - right) <= tolerance_ * magnitude(row, n, at))) {
          return words(row, n, found, right);
        }
      }
    }
    return {};
  }

 private:
  double magnitude(int64_t row, int64_t n, size_t at) {
    if (magnitudes_[at] < 0) magnitudes_[at] = in_.magnitude(row, n);
    return magnitudes_[at];
  }
  static std::string words(int64_t row, int64_t n, double found, double expected) {
    return differs(str_cat("row ", row, ", column").c_str(), n, found, expected);
  }

  const Operands& in_;
  std::vector<uint32_t> expected_;
  std::vector<double> magnitudes_;
  double tolerance_;
};

// All heights of small tiles; of tall ones the lowest and the highest.
std::vector<int64_t> heights_of(const Tile& tile) {
  std::vector<int64_t> heights;
  for (int64_t rows = tile.min_rows; rows <= tile.max_rows; ++rows) {
    if (rows < tile.min_rows + 4 || rows + 2 > tile.max_rows) heights.push_back(rows);
  }
  return heights;
}

std::string verify_operands(const PackedKernel& kernel, PackedType type, bool extreme) {
  int64_t rows = 1, panels = 1;
  for (int i = 0; i < kernel.n_tiles; ++i) {
    rows = std::max<int64_t>(rows, kernel.tiles[i].max_rows);
    panels = std::max<int64_t>(panels, kernel.tiles[i].panels);
  }
  const Size size = {rows, (panels + 1) * kernel.width - 1, length_for(type)};
  const Operands operands(type, size, extreme);
  Product product(kernel, operands);
  Judge judge(operands, kernel.rounding);
  const auto none = static_cast<uint32_t>(0x7fc0dead);  // a NaN, so that what is not written shows
  const int64_t k_part = kernel.k_unit * std::max<int64_t>(1, size.k / 2 / kernel.k_unit);
  for (int i = 0; i < kernel.n_tiles; ++i) {
    const Tile& tile = kernel.tiles[i];
    for (const int64_t n_rows : heights_of(tile)) {
      for (const int64_t panel : {int64_t{0}, product.n_panels() - tile.panels}) {
        std::vector<uint32_t> whole(static_cast<size_t>(size.m * size.n), none), parts = whole;
        product.run(tile, n_rows, panel, size.k, whole);
        product.run(tile, n_rows, panel, k_part, parts);
        const std::string wrong =
            judge.compare(whole, n_rows, panel * kernel.width, product.columns(panel, tile.panels));
        const std::string where = str_cat(" (tile ", i, ", ", n_rows, " rows)");
        if (!wrong.empty()) return wrong + where;
        if (whole != parts) return "parts of k give other bits" + where;
      }
    }
  }
  return {};
}

}  // namespace

std::string verify_packed(const PackedKernel& kernel, PackedType type) {
  std::string wrong = verify_operands(kernel, type, false);
  if (!wrong.empty() || !(is_int(type) || is_block(type))) return wrong;
  return verify_operands(kernel, type, true);
}

}  // namespace cria::kernels
