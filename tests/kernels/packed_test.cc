#include "kernels/packed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/random_weights.h"
#include "kernels/tables.h"

namespace cria::kernels {
namespace {

using testing::Guarded;
using testing::Random;

constexpr const char* kTypeNames[kNumPackedTypes] = {"f32",  "f16",  "bf16", "s8",   "u8",
                                                     "q4_0", "q4_1", "q5_0", "q5_1", "q8_0",
                                                     "q2_k", "q3_k", "q4_k", "q5_k", "q6_k"};
constexpr DType kDTypes[kNumPackedTypes] = {DType::f32,  DType::f16,  DType::bf16, DType::i8,
                                            DType::i8,   DType::q4_0, DType::q4_1, DType::q5_0,
                                            DType::q5_1, DType::q8_0, DType::q2_k, DType::q3_k,
                                            DType::q4_k, DType::q5_k, DType::q6_k};

bool is_int(PackedType type) { return type == PackedType::s8 || type == PackedType::u8; }
bool is_block(PackedType type) { return type >= PackedType::q4_0; }

struct Shape {
  int64_t m, n, k;
};

// What is not random.
struct Values {
  int b_byte = -1;      // every byte of B's integers or quants, with scales of one
  int scale_bits = -1;  // every fp16 scale of blocks
  float a = 0;          // every element of A
  int64_t nan_at = -1;  // that element of A
};

// A product: B packed by one kernel (its panels end at a guard page), A in the form that it reads,
// and the exact result.
class Product {
 public:
  Product(PackedType type, const PackedKernel& kernel, const Shape& shape, uint32_t seed,
          const Values& values = {})
      : type_(type),
        kernel_(kernel),
        shape_(shape),
        n_panels_((shape.n + kernel.width - 1) / kernel.width),
        panels_(n_panels_ * kernel.panel_bytes(shape.k)) {
    Random random(seed);
    make_b(random, values);
    make_a(random, values);
    pack();
  }

  // The product's columns of panels [first, first + n) and rows [row, row + n_rows), by a tile.
  void run(const Tile& tile, int64_t row, int64_t n_rows, int64_t first_panel, int64_t first_k,
           int64_t n_k, bool add, void* c, int64_t c_stride) {
    const int64_t column = first_panel * kernel_.width;
    std::vector<int32_t> sums = a_sums(row, n_rows, first_k, n_k);
    std::unique_ptr<Guarded<std::byte>> group;
    if (tile.grouped) group = make_group(row, n_rows, first_k, n_k);
    tile.run({.a = tile.grouped ? group->bytes() : a_at(row, first_k),
              .a_row_bytes = a_row_bytes_,
              .a_step_bytes = a_step_bytes_,
              .a_sums = kernel_.wants_a_sums ? sums.data() : nullptr,
              .b = panels_.bytes() + first_panel * kernel_.panel_bytes(shape_.k),
              .panel_bytes = kernel_.panel_bytes(shape_.k),
              .first_k = first_k,
              .n_k = n_k,
              .n_rows = n_rows,
              .n_cols = std::min<int64_t>(tile.panels * kernel_.width, shape_.n - column),
              .c = static_cast<std::byte*>(c) + (row * c_stride + column) * 4,
              .c_stride = c_stride,
              .add = add});
  }

  // All of C by tiles of at most max_rows rows, k in parts of k_part.
  void run_all(int64_t max_rows, int64_t k_part, bool add, void* c, int64_t c_stride) {
    for (int64_t first_k = 0; first_k < shape_.k; first_k += k_part) {
      const int64_t n_k = std::min(k_part, shape_.k - first_k);
      for (int64_t row = 0; row < shape_.m;) {
        const int64_t left = std::min(max_rows, shape_.m - row);
        int64_t n_rows = 0;
        for (int64_t p = 0; p < n_panels_;) {
          const Tile& tile = best_tile(left, n_panels_ - p);
          n_rows = std::min<int64_t>(left, tile.max_rows);
          run(tile, row, n_rows, p, first_k, n_k, add || first_k > 0, c, c_stride);
          p += tile.panels;
        }
        row += n_rows;
      }
    }
  }

  // The tile for the most rows up to n_rows, of those as wide as may be.
  const Tile& best_tile(int64_t n_rows, int64_t n_panels) const {
    const Tile* best = nullptr;
    for (int i = 0; i < kernel_.n_tiles; ++i) {
      const Tile& tile = kernel_.tiles[i];
      if (tile.min_rows > n_rows || tile.panels > n_panels) continue;
      if (best == nullptr || tile.max_rows > best->max_rows ||
          (tile.max_rows == best->max_rows && tile.panels > best->panels)) {
        best = &tile;
      }
    }
    return *best;
  }

  struct Exact {
    double value = 0, magnitude = 0;
  };
  Exact exact(int64_t m, int64_t n) const {
    Exact sum;
    for (int64_t k = 0; k < shape_.k; ++k) {
      const double a = a_values_[static_cast<size_t>(m * shape_.k + k)];
      const double b = b_values_[static_cast<size_t>(n * shape_.k + k)];
      sum.value += a * b;
      sum.magnitude += std::abs(a * b) + (is_block(type_) ? std::abs(a * min_of(n, k)) * 2 : 0);
    }
    return sum;
  }

 private:
  double min_of(int64_t n, int64_t k) const { return mins_[static_cast<size_t>(n * shape_.k + k)]; }

  void make_b(Random& random, const Values& values) {
    const int64_t count = shape_.n * shape_.k;
    b_values_.resize(static_cast<size_t>(count));
    mins_.assign(is_block(type_) ? static_cast<size_t>(count) : 0, 0.0f);
    if (is_int(type_)) {
      b_.resize(static_cast<size_t>(count));
      for (size_t i = 0; i < b_.size(); ++i) {
        b_[i] = static_cast<uint8_t>(values.b_byte >= 0 ? values.b_byte : random());
        b_values_[i] = type_ == PackedType::s8 ? static_cast<int8_t>(b_[i]) : b_[i];
      }
      return;
    }
    const DType dtype = kDTypes[static_cast<size_t>(type_)];
    b_ = testing::random_weights(random, dtype, shape_.n, shape_.k);
    if (is_block(type_)) set_blocks(dtype, values);
    const auto row = static_cast<int64_t>(*row_bytes(dtype, static_cast<uint64_t>(shape_.k)));
    for (int64_t n = 0; n < shape_.n; ++n) {
      const auto* from = reinterpret_cast<const std::byte*>(b_.data()) + n * row;
      float* to = b_values_.data() + n * shape_.k;
      if (!is_block(type_)) {
        dequantize_row(dtype, from, shape_.k, to);
        continue;
      }
      for (int64_t k = 0; k < shape_.k; k += 32) {
        Unpacked32 w{};
        unpack_32(dtype, from, k / 32, w);
        for (int i = 0; i < 32; ++i) {
          to[k + i] = w.d[i / 16] * static_cast<float>(w.q[i]) - w.m[i / 16];
          mins_[static_cast<size_t>(n * shape_.k + k + i)] = w.m[i / 16];
        }
      }
    }
  }

  void set_blocks(DType dtype, const Values& values) {
    if (values.b_byte >= 0) std::fill(b_.begin(), b_.end(), static_cast<uint8_t>(values.b_byte));
    const int bits = values.scale_bits >= 0 ? values.scale_bits : values.b_byte >= 0 ? 0x3c00 : -1;
    if (bits >= 0) testing::set_scales(dtype, b_, [bits] { return static_cast<uint16_t>(bits); });
  }

  void make_a(Random& random, const Values& values) {
    const int64_t count = shape_.m * shape_.k;
    a_values_.resize(static_cast<size_t>(count));
    if (is_int(type_)) {
      std::vector<uint8_t> bytes(static_cast<size_t>(count));
      std::vector<int16_t> wide(bytes.size());
      for (size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<uint8_t>(values.a != 0 ? static_cast<int>(values.a)
                                                      : static_cast<int>(random() & 0xff));
        wide[i] = type_ == PackedType::s8 ? static_cast<int8_t>(bytes[i]) : bytes[i];
        a_values_[i] = wide[i];
      }
      kernel_.form == LhsForm::wide_rows ? set_a(wide, 2) : set_a(bytes, 1);
      return;
    }
    std::vector<float> x = testing::uniforms(random, count, 2);
    if (values.a != 0) std::fill(x.begin(), x.end(), values.a);
    if (values.nan_at >= 0) x[static_cast<size_t>(values.nan_at)] = std::nanf("");
    if (!is_block(type_)) {
      a_values_ = x;
      return set_a(x, 4);
    }
    std::vector<BlockQ8A> blocks(static_cast<size_t>(count / 32));
    scalar::kTable.quantize_q8a(x.data(), count, blocks.data());
    for (size_t i = 0; i < x.size(); ++i) {
      a_values_[i] = blocks[i / 32].d * static_cast<float>(blocks[i / 32].q[i % 32]);
    }
    set_a(blocks, 0);
    a_row_bytes_ = shape_.k / 32 * static_cast<int64_t>(sizeof(BlockQ8A));
  }

  template <typename T>
  void set_a(const std::vector<T>& values, int64_t step_bytes) {
    a_ = std::make_unique<Guarded<std::byte>>(static_cast<int64_t>(values.size() * sizeof(T)));
    if (!values.empty()) std::memcpy(a_->bytes(), values.data(), values.size() * sizeof(T));
    a_step_bytes_ = step_bytes;
    a_row_bytes_ = shape_.k * step_bytes;
  }

  const std::byte* a_at(int64_t row, int64_t k) const {
    const int64_t of_k =
        is_block(type_) ? k / 32 * static_cast<int64_t>(sizeof(BlockQ8A)) : k * a_step_bytes_;
    return a_->bytes() + row * a_row_bytes_ + of_k;
  }

  std::unique_ptr<Guarded<std::byte>> make_group(int64_t row, int64_t n_rows, int64_t first_k,
                                                 int64_t n_k) const {
    auto group = std::make_unique<Guarded<std::byte>>(kernel_.group_bytes(n_k));
    kernel_.group({.a = a_at(row, first_k),
                   .a_row_bytes = a_row_bytes_,
                   .a_step_bytes = a_step_bytes_,
                   .n_rows = n_rows,
                   .n_k = n_k,
                   .out = group->bytes()});
    return group;
  }

  std::vector<int32_t> a_sums(int64_t row, int64_t n_rows, int64_t first_k, int64_t n_k) const {
    std::vector<int32_t> sums(static_cast<size_t>(n_rows));
    for (int64_t r = 0; r < n_rows && is_int(type_); ++r) {
      for (int64_t k = first_k; k < first_k + n_k; ++k) {
        sums[static_cast<size_t>(r)] +=
            static_cast<int32_t>(a_values_[static_cast<size_t>((row + r) * shape_.k + k)]);
      }
    }
    return sums;
  }

  void pack() {
    const DType dtype = kDTypes[static_cast<size_t>(type_)];
    const bool block = is_block(type_);
    const int64_t elem = block ? 0 : dtype_info(dtype).block_bytes;
    const int64_t column =
        block ? static_cast<int64_t>(*row_bytes(dtype, static_cast<uint64_t>(shape_.k)))
              : shape_.k * elem;
    for (int64_t p = 0; p < n_panels_; ++p) {
      kernel_.pack({.b = reinterpret_cast<const std::byte*>(b_.data()) + p * kernel_.width * column,
                    .k_stride = elem,
                    .n_stride = column,
                    .n_k = shape_.k,
                    .n_cols = std::min<int64_t>(kernel_.width, shape_.n - p * kernel_.width),
                    .out = panels_.bytes() + p * kernel_.panel_bytes(shape_.k)});
    }
  }

  PackedType type_;
  const PackedKernel& kernel_;
  Shape shape_;
  int64_t n_panels_;
  Guarded<std::byte> panels_;
  std::vector<uint8_t> b_;
  std::vector<float> b_values_, mins_, a_values_;
  std::unique_ptr<Guarded<std::byte>> a_;
  int64_t a_row_bytes_ = 0, a_step_bytes_ = 0;
};

class Packed : public testing::EveryTable {
 protected:
  const PackedKernel& kernel(PackedType type) const {
    return *table_.packed[static_cast<size_t>(type)];
  }

  double tolerance(PackedType type, const Product::Exact& exact, int64_t k) const {
    if (is_int(type)) return 0;
    if (is_block(type)) return 1e-5 * exact.magnitude;
    const double rounding = static_cast<double>(kernel(type).rounding);
    return (1e-7 + 3e-8 * std::sqrt(static_cast<double>(k)) + rounding) * exact.magnitude;
  }

  static double value_at(PackedType type, const std::vector<uint32_t>& c, int64_t i) {
    const uint32_t bits = c[static_cast<size_t>(i)];
    if (is_int(type)) return static_cast<int32_t>(bits);
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  // Every element right, and nothing touched between the rows of C.
  void check(PackedType type, const Shape& shape, uint32_t seed, const Values& values = {}) {
    SCOPED_TRACE(::testing::Message() << kTypeNames[static_cast<size_t>(type)] << " m " << shape.m
                                      << " n " << shape.n << " k " << shape.k << " seed " << seed);
    Product product(type, kernel(type), shape, seed, values);
    const int64_t stride = shape.n + 3;
    constexpr uint32_t kUntouched = 0xc640e400;  // -12345.0f
    Guarded<uint32_t> guarded((shape.m - 1) * stride + shape.n);
    std::fill_n(guarded.data(), (shape.m - 1) * stride + shape.n, kUntouched);
    product.run_all(shape.m, shape.k, false, guarded.data(), stride);
    const std::vector<uint32_t> c(guarded.data(),
                                  guarded.data() + (shape.m - 1) * stride + shape.n);
    for (int64_t i = 0; i < static_cast<int64_t>(c.size()); ++i) {
      const int64_t m = i / stride, n = i % stride;
      if (n >= shape.n) {
        ASSERT_EQ(c[static_cast<size_t>(i)], kUntouched);
        continue;
      }
      const Product::Exact exact = product.exact(m, n);
      ASSERT_NEAR(value_at(type, c, i), exact.value, tolerance(type, exact, shape.k))
          << "row " << m << " column " << n;
    }
  }

  static std::vector<int64_t> ks(PackedType type) {
    if (type >= PackedType::q2_k) return {256, 768};
    if (is_block(type)) return {32, 96, 288, 544};
    return {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 131};
  }
};

std::vector<PackedType> all_types() {
  std::vector<PackedType> types;
  for (int i = 0; i < kNumPackedTypes; ++i) types.push_back(static_cast<PackedType>(i));
  return types;
}

// Rows left over are always taken by some tile, and so are panels.
TEST_P(Packed, TilesComeInOrderEachWithAVariantOfOnePanel) {
  for (const PackedType type : all_types()) {
    SCOPED_TRACE(kTypeNames[static_cast<size_t>(type)]);
    const PackedKernel& k = kernel(type);
    ASSERT_GT(k.n_tiles, 0);
    EXPECT_EQ(k.tiles[0].min_rows, 1);
    for (int i = 0; i < k.n_tiles; ++i) {
      const Tile& tile = k.tiles[i];
      const Tile& before = k.tiles[i > 0 ? i - 1 : 0];
      EXPECT_LE(tile.min_rows, tile.max_rows);
      if (tile.panels == 1) {
        EXPECT_GT(tile.min_rows, i > 0 ? before.max_rows : 0);
      } else {
        EXPECT_EQ(tile.min_rows, before.min_rows);
        EXPECT_EQ(tile.max_rows, before.max_rows);
        EXPECT_GT(tile.panels, before.panels);
      }
      EXPECT_EQ(tile.grouped, tile.grouped && k.group != nullptr && k.group_bytes != nullptr &&
                                  tile.max_rows <= k.group_rows);
    }
  }
}

TEST_P(Packed, GivesTheExactProductWithinTheContract) {
  uint32_t seed = 1;
  for (const PackedType type : all_types()) {
    const int64_t width = kernel(type).width;
    for (const int64_t k : ks(type)) {
      for (const int64_t n : {int64_t{1}, width - 1, width, width + 1, 2 * width + 1, 5 * width}) {
        if (n > 0) check(type, {3, n, k}, seed++);
      }
      for (const int64_t m : {1, 2, 4, 5, 6, 7, 8, 9, 12, 13, 17})
        check(type, {m, width + 3, k}, seed++);
      if (HasFatalFailure()) return;
    }
    check(type, {70, width + 1, ks(type).back()}, seed++);
  }
}

TEST_P(Packed, ExtremeValuesDoNotSaturate) {
  uint32_t seed = 1;
  for (const PackedType type : all_types()) {
    if (!is_int(type) && !is_block(type)) continue;
    const std::vector<float> of_a = type == PackedType::u8   ? std::vector<float>{255}
                                    : type == PackedType::s8 ? std::vector<float>{-128, 127}
                                                             : std::vector<float>{-127, 127};
    for (const int b : {0x00, 0x0f, 0x7f, 0x80, 0x81, 0xf0, 0xff}) {
      for (const float a : of_a) {
        SCOPED_TRACE(::testing::Message() << "b " << b << " a " << a);
        for (const int64_t m : {1, 5, 9})
          check(type, {m, kernel(type).width + 1, 512}, seed++, {.b_byte = b, .a = a});
      }
    }
  }
}

TEST_P(Packed, ScalesOfZeroAndTheLargest) {
  for (const PackedType type : all_types()) {
    if (!is_block(type)) continue;
    for (const int bits : {0, 0x8000, 1, 0x7bff}) {
      SCOPED_TRACE(bits);
      for (const int64_t m : {1, 5}) check(type, {m, 9, 512}, 5, {.scale_bits = bits});
    }
  }
}

TEST_P(Packed, ANanInARowReachesThatRowOnly) {
  for (const PackedType type : all_types()) {
    if (is_int(type)) continue;
    SCOPED_TRACE(kTypeNames[static_cast<size_t>(type)]);
    const Shape shape{6, 9, 512};
    Product product(type, kernel(type), shape, 6, {.nan_at = 512 * 2 + 300});
    std::vector<float> c(static_cast<size_t>(shape.m * shape.n));
    product.run_all(shape.m, shape.k, false, c.data(), shape.n);
    for (size_t i = 0; i < c.size(); ++i) EXPECT_EQ(std::isnan(c[i]), i / 9 == 2) << i;
  }
}

// The contract that makes chunks, batches and threads invisible.
TEST_P(Packed, AnyTilingAndAnyPartsOfKGiveTheSameBits) {
  for (const PackedType type : all_types()) {
    SCOPED_TRACE(kTypeNames[static_cast<size_t>(type)]);
    const int64_t k = type >= PackedType::q2_k ? 1024 : is_block(type) ? 256 : 203;
    const Shape shape{23, 5 * kernel(type).width + 2, k};
    Product product(type, kernel(type), shape, 77);
    const auto n = static_cast<size_t>(shape.m * shape.n);
    std::vector<uint32_t> whole(n), parts(n);
    product.run_all(shape.m, shape.k, false, whole.data(), shape.n);
    for (const int64_t max_rows : {1, 2, 3, 5, 8, 23}) {
      const int64_t unit = kernel(type).k_unit;
      for (const int64_t k_part :
           {unit, (k / 2 + unit - 1) / unit * unit, (k + unit - 1) / unit * unit}) {
        if (kernel(type).wants_a_sums && k_part < k && k_part % 4 != 0) continue;
        product.run_all(max_rows, k_part, false, parts.data(), shape.n);
        ASSERT_EQ(whole, parts) << "rows " << max_rows << " parts of k " << k_part;
      }
    }
  }
}

TEST_P(Packed, AddsToWhatCHolds) {
  for (const PackedType type : all_types()) {
    const int64_t k = is_block(type) ? 256 : 37;
    const Shape shape{3, kernel(type).width + 1, k};
    Product product(type, kernel(type), shape, 5);
    std::vector<uint32_t> c(static_cast<size_t>(shape.m * shape.n));
    const float ten = 10;
    for (uint32_t& value : c) is_int(type) ? void(value = 10) : void(std::memcpy(&value, &ten, 4));
    product.run_all(shape.m, shape.k, true, c.data(), shape.n);
    for (int64_t i = 0; i < static_cast<int64_t>(c.size()); ++i) {
      const Product::Exact exact = product.exact(i / shape.n, i % shape.n);
      ASSERT_NEAR(value_at(type, c, i), 10 + exact.value,
                  tolerance(type, exact, k) + (is_int(type) ? 0 : 1e-4))
          << kTypeNames[static_cast<size_t>(type)];
    }
  }
}

CRIA_FOR_EVERY_TABLE(Packed);

}  // namespace
}  // namespace cria::kernels
