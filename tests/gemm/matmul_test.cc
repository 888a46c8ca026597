// The products against fp64 sums, over odd shapes, threads and kernel tables.
#include "gemm/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "kernels/dispatch.h"
#include "tensor/half.h"

namespace cria::gemm {
namespace {

struct Problem {
  std::vector<std::byte> weight_bytes;
  std::vector<float> scales;
  TensorView w;
  std::vector<float> x, bias;
  int64_t n_tokens;
};

// A matrix of q8_0 blocks, floats, or grouped int8 whose groups cross rows.
Problem make_problem(DType dtype, int64_t n_tokens, int64_t n_rows, int64_t n_cols, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Problem p;
  p.n_tokens = n_tokens;
  p.w = {.dtype = dtype, .n_dims = 2, .dims = {n_cols, n_rows, 1, 1}};
  p.w.size_bytes = p.w.row_bytes() * static_cast<uint64_t>(n_rows);
  p.weight_bytes.resize(p.w.size_bytes);
  for (std::byte& byte : p.weight_bytes) byte = static_cast<std::byte>(random());
  if (dtype == DType::f32) {
    for (int64_t i = 0; i < n_rows * n_cols; ++i) {
      const float value = normal(random);
      std::memcpy(&p.weight_bytes[static_cast<size_t>(i) * 4], &value, 4);
    }
  } else if (dtype == DType::q8_0) {
    for (size_t at = 0; at < p.weight_bytes.size(); at += sizeof(BlockQ8_0)) {
      const uint16_t d = f32_to_f16(0.01f);
      std::memcpy(&p.weight_bytes[at], &d, 2);
    }
  } else {
    p.w.group_size = 4;
    p.scales.assign(static_cast<size_t>((n_rows * n_cols + 3) / 4), 0.01f);
    p.w.scales = reinterpret_cast<const std::byte*>(p.scales.data());
  }
  p.w.data = p.weight_bytes.data();
  for (int64_t i = 0; i < n_tokens * n_cols; ++i) p.x.push_back(normal(random));
  for (int64_t i = 0; i < n_rows; ++i) p.bias.push_back(normal(random));
  return p;
}

double weight_at(const TensorView& w, int64_t r, int64_t c) {
  if (w.dtype == DType::grouped_i8) {
    return static_cast<int8_t>(w.data[r * w.n_cols() + c]) * 0.01f;
  }
  std::vector<float> row(static_cast<size_t>(w.n_cols()));
  dequantize_row(w.dtype, w.row(r), w.n_cols(), row.data());
  return row[static_cast<size_t>(c)];
}

std::vector<float> run(const Problem& p, std::string_view isa, int n_threads, bool with_bias) {
  const auto table = kernels::choose_table(isa);
  EXPECT_TRUE(table.ok()) << table.status().message();
  auto pool = ThreadPool::create(n_threads);
  const Compute compute{*table, **pool};
  std::vector<std::byte> scratch(MatmulInput::scratch_bytes(*table, p.n_tokens, p.w));
  MatmulInput input(scratch);
  input.set(p.x.data(), p.n_tokens, p.w.n_cols());
  const auto packed = pack_weights(compute, p.w);
  EXPECT_TRUE(packed.ok());
  const int64_t stride = p.w.n_rows() + 3;
  std::vector<float> out(static_cast<size_t>(p.n_tokens * stride), -7.0f);
  const Factor factor = {&p.w, &*packed, with_bias ? p.bias.data() : nullptr, out.data(), stride};
  matmul(compute, {&factor, 1}, input);
  return out;
}

void expect_right(const Problem& p, const std::vector<float>& out, bool with_bias,
                  double relative) {
  const int64_t stride = p.w.n_rows() + 3;
  for (int64_t t = 0; t < p.n_tokens; ++t) {
    for (int64_t r = 0; r < p.w.n_rows(); ++r) {
      double expected = with_bias ? p.bias[static_cast<size_t>(r)] : 0, magnitude = 1e-3;
      for (int64_t c = 0; c < p.w.n_cols(); ++c) {
        const double term = weight_at(p.w, r, c) * p.x[static_cast<size_t>(t * p.w.n_cols() + c)];
        expected += term;
        magnitude += std::abs(term);
      }
      ASSERT_NEAR(out[static_cast<size_t>(t * stride + r)], expected, relative * magnitude)
          << "token " << t << ", row " << r;
    }
    for (int64_t r = p.w.n_rows(); r < stride; ++r) {
      ASSERT_EQ(out[static_cast<size_t>(t * stride + r)], -7.0f) << "wrote past a row";
    }
  }
}

class MatmulOn : public ::testing::TestWithParam<DType> {};

TEST_P(MatmulOn, OddShapesMatchFp64) {
  const double relative = GetParam() == DType::f32 ? 1e-5 : 0.02;  // int8 activations
  for (const std::string_view isa : kernels::runnable_tables()) {
    uint32_t seed = 1;
    for (const int64_t n_tokens : {1, 2, 5, 65}) {
      for (const int64_t n_rows : {1, 7, 33}) {
        SCOPED_TRACE(std::to_string(n_tokens) + "x" + std::to_string(n_rows));
        const Problem p = make_problem(GetParam(), n_tokens, n_rows, 96, seed++);
        for (const bool with_bias : {false, true}) {
          expect_right(p, run(p, isa, 2, with_bias), with_bias, relative);
        }
      }
    }
  }
}

TEST_P(MatmulOn, ThreadsChangeNoBit) {
  for (const std::string_view isa : kernels::runnable_tables()) {
    const Problem p = make_problem(GetParam(), 9, 201, 160, 5);
    const auto expected = run(p, isa, 1, true);
    for (const int n_threads : {2, 3, 7}) {
      const auto found = run(p, isa, n_threads, true);
      EXPECT_EQ(std::memcmp(found.data(), expected.data(), found.size() * 4), 0)
          << isa << ", " << n_threads << " threads";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, MatmulOn,
                         ::testing::Values(DType::f32, DType::q8_0, DType::grouped_i8),
                         [](const auto& type) { return dtype_info(type.param).name; });

// Several products with one input: some of one kernel, others between them, small and large ones.
TEST(Matmul, FactorsTogetherGiveTheBitsOfEachAlone) {
  for (const std::string_view isa : kernels::runnable_tables()) {
    for (const int64_t n_tokens : {1, 9}) {
      const DType types[] = {DType::q8_0, DType::q8_0, DType::f32, DType::grouped_i8, DType::f32,
                             DType::f32,  DType::f32,  DType::f32, DType::q8_0};
      std::vector<Problem> problems;
      uint32_t seed = 1;
      for (const DType type : types) {
        problems.push_back(make_problem(type, n_tokens, seed % 2 == 0 ? 7 : 530, 160, seed));
        problems.back().x = problems.front().x;
        ++seed;
      }
      const auto table = kernels::choose_table(isa);
      for (const int n_threads : {1, 3}) {
        auto pool = ThreadPool::create(n_threads);
        const Compute compute{*table, **pool};
        uint64_t scratch_bytes = 0;
        for (const Problem& p : problems) {
          scratch_bytes =
              std::max(scratch_bytes, MatmulInput::scratch_bytes(*table, n_tokens, p.w));
        }
        std::vector<std::byte> scratch(scratch_bytes);
        MatmulInput input(scratch);
        input.set(problems[0].x.data(), n_tokens, 160);
        std::vector<PackedWeights> packed;
        std::vector<std::vector<float>> outs;
        std::vector<Factor> factors;
        for (const Problem& p : problems) {
          packed.push_back(std::move(*pack_weights(compute, p.w)));
          outs.emplace_back(static_cast<size_t>(n_tokens * (p.w.n_rows() + 3)), -7.0f);
        }
        for (size_t i = 0; i < problems.size(); ++i) {
          const Problem& p = problems[i];
          factors.push_back({&p.w, &packed[i], p.bias.data(), outs[i].data(), p.w.n_rows() + 3});
        }
        matmul(compute, factors, input);
        for (size_t i = 0; i < problems.size(); ++i) {
          EXPECT_EQ(outs[i], run(problems[i], isa, 1, true)) << isa << ", factor " << i;
        }
      }
    }
  }
}

TEST(MatmulInput, OneInputServesWeightsOfDifferentTypes) {
  Problem a = make_problem(DType::q8_0, 3, 5, 64, 1);
  Problem b = make_problem(DType::f32, 3, 5, 64, 2);
  Problem c = make_problem(DType::grouped_i8, 3, 5, 64, 3);
  b.x = a.x;
  c.x = a.x;
  const auto table = kernels::choose_table("");
  auto pool = ThreadPool::create(1);
  const Compute compute{*table, **pool};
  uint64_t scratch_bytes = 0;
  for (const Problem* p : {&a, &b, &c}) {
    scratch_bytes = std::max(scratch_bytes, MatmulInput::scratch_bytes(*table, 3, p->w));
  }
  std::vector<std::byte> scratch(scratch_bytes);
  MatmulInput input(scratch);
  input.set(a.x.data(), 3, 64);
  for (int round = 0; round < 2; ++round) {
    for (Problem* p : {&a, &b, &c}) {
      std::vector<float> out(3 * 8, -7.0f);
      const auto packed = pack_weights(compute, p->w);
      ASSERT_TRUE(packed.ok());
      const Factor factor = {&p->w, &*packed, nullptr, out.data(), 8};
      matmul(compute, {&factor, 1}, input);
      expect_right(*p, out, false, p == &b ? 1e-5 : 0.02);
    }
  }
}

}  // namespace
}  // namespace cria::gemm
