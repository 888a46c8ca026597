// One packed product, some times over: what tools/dev/arm counts and models.
//
//   arm_driver TABLE TYPE M N K TIMES
//
// The weights are packed once; each time A is quantised or interleaved where the kernel wants it,
// and all tiles run: panels outside, rows inside, as few passes as the tiles allow.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "kernels/random_weights.h"

namespace cria::kernels {
namespace {

constexpr const char* kTypeNames[kNumPackedTypes] = {"f32",  "f16",  "bf16", "s8",   "u8",
                                                     "q4_0", "q4_1", "q5_0", "q5_1", "q8_0",
                                                     "q2_k", "q3_k", "q4_k", "q5_k", "q6_k"};
constexpr DType kDTypes[kNumPackedTypes] = {DType::f32,  DType::f16,  DType::bf16, DType::i8,
                                            DType::i8,   DType::q4_0, DType::q4_1, DType::q5_0,
                                            DType::q5_1, DType::q8_0, DType::q2_k, DType::q3_k,
                                            DType::q4_k, DType::q5_k, DType::q6_k};

// Panels that all rows go over before the next ones.
constexpr int64_t kPanelsAtOnce = 12;

class Product {
 public:
  Product(const Table& table, PackedType type, int64_t m, int64_t n, int64_t k)
      : table_(table),
        kernel_(*table.packed[static_cast<size_t>(type)]),
        is_block_(type >= PackedType::q4_0),
        is_int_(type == PackedType::s8 || type == PackedType::u8),
        m_(m),
        n_(n),
        k_(k) {
    testing::Random random(1);
    pack(random, kDTypes[static_cast<size_t>(type)]);
    x_ = testing::uniforms(random, m * k, 1);
    bytes_.resize(static_cast<size_t>(m * k));
    for (auto& byte : bytes_) byte = static_cast<std::byte>(random());
    blocks_.resize(static_cast<size_t>(m * k / 32));
    c_.resize(static_cast<size_t>(m * n));
  }

  void run() {
    if (is_block_) table_.quantize_q8a(x_.data(), m_ * k_, blocks_.data());
    make_groups();
    const int64_t n_panels = (n_ + kernel_.width - 1) / kernel_.width;
    for (int64_t first = 0; first < n_panels; first += kPanelsAtOnce) {
      const int64_t end = std::min(n_panels, first + kPanelsAtOnce);
      for (int64_t row = 0; row < m_;) row += run_rows(row, first, end);
    }
  }

  double sum() const {
    double sum = 0;
    for (const float value : c_) sum += static_cast<double>(value);
    return sum;
  }

 private:
  void pack(testing::Random& random, DType dtype) {
    const std::vector<uint8_t> b = testing::random_weights(random, dtype, n_, k_);
    const auto column = static_cast<int64_t>(*row_bytes(dtype, static_cast<uint64_t>(k_)));
    const int64_t panel = kernel_.panel_bytes(k_);
    const int64_t n_panels = (n_ + kernel_.width - 1) / kernel_.width;
    panels_.resize(static_cast<size_t>(n_panels * panel));
    for (int64_t p = 0; p < n_panels; ++p) {
      kernel_.pack({.b = reinterpret_cast<const std::byte*>(b.data()) + p * kernel_.width * column,
                    .k_stride = dtype_info(dtype).block_bytes,
                    .n_stride = column,
                    .n_k = k_,
                    .n_cols = std::min<int64_t>(kernel_.width, n_ - p * kernel_.width),
                    .out = panels_.data() + p * panel});
    }
  }

  const std::byte* a_row(int64_t row) const {
    if (is_block_) return reinterpret_cast<const std::byte*>(blocks_.data() + row * k_ / 32);
    if (is_int_) return bytes_.data() + row * k_;
    return reinterpret_cast<const std::byte*>(x_.data() + row * k_);
  }
  int64_t a_step_bytes() const { return is_block_ ? 0 : is_int_ ? 1 : 4; }
  int64_t a_row_bytes() const {
    return is_block_ ? k_ / 32 * static_cast<int64_t>(sizeof(BlockQ8A)) : k_ * a_step_bytes();
  }

  // The tile for the most rows, of those as wide as may be.
  const Tile& tile_for(int64_t n_rows, int64_t n_panels) const {
    const Tile* best = kernel_.tiles;
    for (int i = 1; i < kernel_.n_tiles; ++i) {
      const Tile& tile = kernel_.tiles[i];
      if (tile.min_rows <= n_rows && tile.panels <= n_panels) best = &tile;
    }
    return *best;
  }

  // Rows from `row` on that a tile takes.
  int64_t rows_at(int64_t row) const {
    return std::min<int64_t>(m_ - row, tile_for(m_ - row, 1).max_rows);
  }
  std::byte* group_at(int64_t row) {
    return groups_.data() + row * (kernel_.group_bytes(k_) / kernel_.group_rows);
  }

  void make_groups() {
    if (kernel_.group == nullptr) return;
    groups_.resize(static_cast<size_t>((m_ + kernel_.group_rows) / kernel_.group_rows *
                                       kernel_.group_bytes(k_)));
    for (int64_t row = 0; row < m_; row += rows_at(row)) {
      if (!tile_for(m_ - row, 1).grouped) continue;
      kernel_.group({.a = a_row(row),
                     .a_row_bytes = a_row_bytes(),
                     .a_step_bytes = a_step_bytes(),
                     .n_rows = rows_at(row),
                     .n_k = k_,
                     .out = group_at(row)});
    }
  }

  // Panels [first, end) with as many rows from `row` on as a tile takes.
  int64_t run_rows(int64_t row, int64_t first, int64_t end) {
    const int64_t panel = kernel_.panel_bytes(k_);
    const int64_t n_rows = rows_at(row);
    const Tile& widest = tile_for(n_rows, end - first);
    for (int64_t p = first; p < end;) {
      const Tile& tile = widest.panels <= end - p ? widest : tile_for(n_rows, end - p);
      const int64_t column = p * kernel_.width;
      tile.run({.a = tile.grouped ? group_at(row) : a_row(row),
                .a_row_bytes = a_row_bytes(),
                .a_step_bytes = a_step_bytes(),
                .a_sums = nullptr,
                .b = panels_.data() + p * panel,
                .panel_bytes = panel,
                .first_k = 0,
                .n_k = k_,
                .n_rows = n_rows,
                .n_cols = std::min<int64_t>(tile.panels * kernel_.width, n_ - column),
                .c = c_.data() + row * n_ + column,
                .c_stride = n_,
                .add = false});
      p += tile.panels;
    }
    return n_rows;
  }

  const Table& table_;
  const PackedKernel& kernel_;
  bool is_block_, is_int_;
  int64_t m_, n_, k_;
  std::vector<std::byte> panels_, bytes_, groups_;
  std::vector<float> x_;
  std::vector<BlockQ8A> blocks_;
  std::vector<float> c_;
};

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv, argv + argc);
  const auto* type =
      argc == 7 ? std::find(kTypeNames, kTypeNames + kNumPackedTypes, args[2]) : kTypeNames;
  if (argc != 7 || type == kTypeNames + kNumPackedTypes) {
    std::fprintf(stderr, "usage: arm_driver TABLE TYPE M N K TIMES\n");
    return 2;
  }
  const auto table = choose_table(args[1]);
  if (!table.ok()) {
    std::fprintf(stderr, "%s\n", std::string(table.status().message()).c_str());
    return 2;
  }
  const auto number = [&](size_t i) { return std::strtoll(args[i].c_str(), nullptr, 10); };
  Product product(*table, static_cast<PackedType>(type - kTypeNames), number(3), number(4),
                  number(5));
  for (int64_t i = 0; i < number(6); ++i) product.run();
  std::printf("%s %s: sum %g\n", args[1].c_str(), args[2].c_str(), product.sum());
  return 0;
}

}  // namespace
}  // namespace cria::kernels

int main(int argc, char** argv) { return cria::kernels::main(argc, argv); }
