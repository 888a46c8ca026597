#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/tables.h"
#include "tensor/half.h"

namespace cria::kernels {
namespace {

using testing::Guarded;
using testing::Random;

struct HeadsShape {
  int64_t n_heads, head_dim, n_positions;
  int64_t gap;  // elements between the end of a row and the next row
};

float to_f32(float value) { return value; }
float to_f32(uint16_t half) { return f16_to_f32(half); }
void from_f32(float value, float& out) { out = value; }
void from_f32(float value, uint16_t& out) { out = f32_to_f16(value); }

// Queries, and rows of keys and values, that end at guard pages. The rows' pages stand in order, so
// that the last one may end early; ops' tests mix them.
template <typename Element>
class Problem {
 public:
  Problem(const HeadsShape& shape, Random& random, float q_range)
      : shape_(shape),
        q_(testing::uniforms(random, shape.n_heads * shape.head_dim, q_range)),
        k_(n_elems()),
        v_(n_elems()) {
    for (int64_t i = 0; i * kKvPage < shape.n_positions; ++i) {
      pages_.push_back(static_cast<int32_t>(i));
    }
    for (int64_t i = 0; i < n_elems(); ++i) {
      from_f32(testing::uniform(random, 1), k_[i]);
      from_f32(testing::uniform(random, 1), v_[i]);
    }
  }

  AttendArgs args(float* out) {
    return {.q = q_.data(),
            .n_heads = shape_.n_heads,
            .head_dim = shape_.head_dim,
            .pages = pages_.data(),
            .k = rows(k_),
            .v = rows(v_),
            .first = 0,
            .n_positions = shape_.n_positions,
            .scale = 1 / std::sqrt(static_cast<float>(shape_.head_dim)),
            .out = out};
  }

  // Softmax in two passes, in double.
  std::vector<double> exact() {
    std::vector<double> out;
    for (int64_t h = 0; h < shape_.n_heads; ++h) {
      std::vector<double> weights;
      for (int64_t p = 0; p < shape_.n_positions; ++p) {
        double dot = 0;
        for (int64_t i = 0; i < shape_.head_dim; ++i) {
          dot += static_cast<double>(q_[h * shape_.head_dim + i]) * to_f32(k_[p * stride() + i]);
        }
        weights.push_back(dot * args(nullptr).scale);
      }
      const double max = *std::max_element(weights.begin(), weights.end());
      double sum = 0;
      for (double& weight : weights) sum += weight = std::exp(weight - max);
      for (int64_t i = 0; i < shape_.head_dim; ++i) {
        double value = 0;
        for (int64_t p = 0; p < shape_.n_positions; ++p) {
          value += weights[static_cast<size_t>(p)] / sum * to_f32(v_[p * stride() + i]);
        }
        out.push_back(value);
      }
    }
    return out;
  }

  Guarded<float>& q() { return q_; }
  Guarded<Element>& k() { return k_; }
  Guarded<Element>& v() { return v_; }

 private:
  int64_t stride() const { return shape_.head_dim + shape_.gap; }
  int64_t n_elems() const { return (shape_.n_positions - 1) * stride() + shape_.head_dim; }

  KvRows rows(Guarded<Element>& elements) const {
    const int64_t row_bytes = stride() * static_cast<int64_t>(sizeof(Element));
    return {sizeof(Element) == 2 ? DType::f16 : DType::f32, elements.bytes(), kKvPage * row_bytes,
            row_bytes};
  }

  HeadsShape shape_;
  Guarded<float> q_;
  Guarded<Element> k_, v_;
  std::vector<int32_t> pages_;
};

class Attend : public testing::EveryTable {
 protected:
  template <typename Element>
  void check(const HeadsShape& shape, uint32_t seed, float q_range, double tolerance) {
    SCOPED_TRACE(::testing::Message()
                 << "seed " << seed << " heads " << shape.n_heads << " head_dim " << shape.head_dim
                 << " positions " << shape.n_positions << " gap " << shape.gap);
    Random random(seed);
    Problem<Element> problem(shape, random, q_range);
    const int64_t n = shape.n_heads * shape.head_dim;
    Guarded<float> out(n);
    table_.attend(problem.args(out.data()));
    const std::vector<double> exact = problem.exact();
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_NEAR(out[i], exact[static_cast<size_t>(i)], tolerance) << i;  // max |v| is 1
    }
  }

  void check_both(const HeadsShape& shape, uint32_t seed) {
    check<float>(shape, seed, 2, 1e-5);
    check<uint16_t>(shape, seed, 2, 1e-5);
  }
};

TEST_P(Attend, EveryNumberOfPositions) {
  for (int64_t n = 1; n <= 200; ++n) {
    for (const int64_t n_heads : {int64_t{2}, kLeastHeadsTogether + 1}) {
      check_both({n_heads, 24, n, n % 3}, static_cast<uint32_t>(n));
    }
  }
}

TEST_P(Attend, EveryHeadDim) {
  for (int64_t head_dim = 1; head_dim <= 130; ++head_dim) {
    for (const int64_t n_heads : {int64_t{1}, kLeastHeadsTogether}) {
      check_both({n_heads, head_dim, 5, head_dim % 2}, static_cast<uint32_t>(head_dim));
    }
  }
  for (const int64_t head_dim : {1, 7, 33, 64, 80, 128, 256, 257, 300}) {
    for (const int64_t n_heads : {3, 4, 8, 9}) check_both({n_heads, head_dim, 131, 16}, 7);
  }
}

// Heads of a call share the work on keys and values, in one way up to a number, in another from it
// on.
TEST_P(Attend, AnyNumberOfHeadsGivesEachHeadsOwnBits) {
  Random random(31);  // NOLINT: a fixed seed
  const HeadsShape shape{19, 40, 150, 0};
  Problem<uint16_t> problem(shape, random, 2);
  const auto in_calls_of = [&](int64_t n_heads, Guarded<float>& out) {
    for (int64_t h = 0; h < 19;) {
      // The last call takes what is left, and heads that are done already where that is too little.
      const int64_t first = std::min(h, 19 - n_heads);
      AttendArgs args = problem.args(out.data() + first * 40);
      args.q += first * 40;
      args.n_heads = n_heads;
      table_.attend(args);
      h = first + n_heads;
    }
  };
  Guarded<float> one(19 * 40), three(19 * 40), four(19 * 40), five(19 * 40), all(19 * 40);
  in_calls_of(1, one);
  in_calls_of(kLeastHeadsTogether - 1, three);
  EXPECT_TRUE(one.same_bits(three));
  in_calls_of(kLeastHeadsTogether, four);
  in_calls_of(kLeastHeadsTogether + 1, five);
  in_calls_of(19, all);
  EXPECT_TRUE(four.same_bits(five));
  EXPECT_TRUE(four.same_bits(all));
  check_both(shape, 32);
}

// Scores up to about 1e5: a softmax without its maximum would overflow. The scores' own rounding
// (1e5 * 2^-24) is what the tolerance allows for.
TEST_P(Attend, LargeScoresDoNotOverflow) {
  for (const float q_range : {1e2f, 1e4f, 1e5f}) {
    for (const int64_t n_heads : {2, 5}) {
      const double tolerance = 1e-5 + static_cast<double>(q_range) * 4e-7;
      check<float>({n_heads, 16, 150, 0}, 33, q_range, tolerance);
      check<uint16_t>({n_heads, 16, 150, 0}, 34, q_range, tolerance);
    }
  }
}

TEST_P(Attend, EqualScoresGiveTheMeanAndOneStrongScoreGivesItsValue) {
  const HeadsShape shape{1, 8, 100, 0};
  Random random(35);  // NOLINT
  Problem<float> problem(shape, random, 1);
  std::fill_n(problem.q().data(), 8, 0.0f);
  Guarded<float> out(8);
  table_.attend(problem.args(out.data()));
  for (int64_t i = 0; i < 8; ++i) {
    double mean = 0;
    for (int64_t p = 0; p < 100; ++p) mean += problem.v()[p * 8 + i] / 100.0;
    EXPECT_NEAR(out[i], mean, 1e-5);
  }
  problem.q()[0] = 1e6f;
  for (int64_t p = 0; p < 100; ++p) problem.k()[p * 8] = p == 70 ? 1.0f : -1.0f;
  table_.attend(problem.args(out.data()));
  for (int64_t i = 0; i < 8; ++i) EXPECT_EQ(out[i], problem.v()[70 * 8 + i]);
}

TEST_P(Attend, ANanKeyIsNotLost) {
  for (const int64_t n_heads : {1, 5}) {
    for (const int64_t n : {1, 3, 64, 65, 130}) {
      const HeadsShape shape{n_heads, 9, n, 0};
      Random random(36);  // NOLINT
      Problem<float> problem(shape, random, 1);
      problem.k()[(n - 1) * 9 + 8] = std::nanf("");
      Guarded<float> out(n_heads * 9);
      table_.attend(problem.args(out.data()));
      for (int64_t i = 0; i < n_heads * 9; ++i) EXPECT_TRUE(std::isnan(out[i])) << n;
    }
  }
}

CRIA_FOR_EVERY_TABLE(Attend);

}  // namespace
}  // namespace cria::kernels
