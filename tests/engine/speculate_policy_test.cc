// The policy on machines that are made up: what passes take is said, not measured.
#include "engine/speculate_policy.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

namespace cria::engine {
namespace {

// A text whose guesses come true by chance, on a machine whose passes take so long.
struct World {
  std::function<double(int n_rows)> seconds;
  double chance = 0.5;
  int match_length = 4;
  int n_guesses = 16;
};

struct Simulation {
  SpeculationPolicy policy;
  std::mt19937 random{1};
  double seconds = 0;
  int n_tokens = 0, n_drafted = 0;

  void step(const World& world) {
    std::vector<double> chances;
    for (int i = 0; i < world.n_guesses; ++i) {
      chances.push_back(policy.chance(GuessKind::lookup(world.match_length + i)));
    }
    const int n = policy.plan(chances, 0).n_guesses;
    int n_right = 0;
    const auto comes_true = [&](int i) {
      const bool right = std::uniform_real_distribution<>(0, 1)(random) < world.chance;
      policy.add_guess(GuessKind::lookup(world.match_length + i), right);
      return right;
    };
    // The first guess that is not evaluated is judged too.
    while (n_right < n && comes_true(n_right)) ++n_right;
    if (n_right == n && n < world.n_guesses) comes_true(n);
    const double pass = world.seconds(n + 1);
    policy.add_pass(n + 1, pass);
    if (n > 0) {
      policy.close_pass(1 + n_right, pass);
    } else {
      policy.close_plain_pass();
    }
    seconds += pass;
    n_tokens += 1 + n_right;
    n_drafted += n;
  }

  // Time over that of plain passes.
  double run(const World& world, int n) {
    const double before = seconds;
    const int first = n_tokens;
    while (n_tokens < first + n) step(world);
    return (seconds - before) / (world.seconds(1) * (n_tokens - first));
  }
};

double cheap_rows(int n_rows) { return 0.01 * (1 + 0.1 * (n_rows - 1)); }
double dear_rows(int n_rows) { return 0.01 * n_rows; }

TEST(SpeculationPolicy, GainsWhereGuessesComeTrue) {
  Simulation simulation;
  EXPECT_LT(simulation.run({cheap_rows, 0.95}, 300), 0.4);
  EXPECT_LT(simulation.run({cheap_rows, 0.95}, 300), 0.25) << "once it knows the machine";
}

TEST(SpeculationPolicy, LosesNextToNothingWhereTheyDoNot) {
  for (const int length : {2, 4, 32}) {
    for (const auto& seconds : {cheap_rows, dear_rows}) {
      Simulation simulation;
      EXPECT_LT(simulation.run({seconds, 0.0, length}, 64), 1.03) << length;
      EXPECT_LT(simulation.run({seconds, 0.0, length}, 1000), 1.02) << length;
    }
  }
}

TEST(SpeculationPolicy, LosesNextToNothingWhereRowsAreDear) {
  Simulation simulation;
  EXPECT_LT(simulation.run({dear_rows, 1.0, 32}, 64), 1.03);
  EXPECT_LT(simulation.run({dear_rows, 1.0, 32}, 1000), 1.02);
}

TEST(SpeculationPolicy, ATileOfRowsIsFoundBeyondADearStep) {
  // Two rows take as long as eight.
  Simulation simulation;
  const World world{[](int n_rows) { return n_rows == 1 ? 0.01 : 0.018; }, 0.9, 8, 7};
  simulation.run(world, 300);
  EXPECT_LT(simulation.run(world, 300), 0.5);
}

TEST(SpeculationPolicy, TriesAgainWhenTheTextChanges) {
  Simulation simulation;
  simulation.run({cheap_rows, 0.0}, 500);
  const int n_drafted = simulation.n_drafted;
  EXPECT_LT(simulation.run({cheap_rows, 0.95}, 500), 0.4);
  EXPECT_GT(simulation.n_drafted, n_drafted);
}

TEST(SpeculationPolicy, PastGainsDoNotPayForLosses) {
  Simulation simulation;
  simulation.run({cheap_rows, 1.0}, 2000);
  EXPECT_LT(simulation.run({cheap_rows, 0.0}, 500), 1.05);
}

TEST(SpeculationPolicy, NothingIsGuessedBeforeAPlainPassIsMeasured) {
  SpeculationPolicy policy;
  const std::vector<double> sure(16, 1.0);
  EXPECT_EQ(policy.plan(sure, 0).n_guesses, 0);
  policy.add_pass(1, 0.01);
  EXPECT_EQ(policy.plan(sure, 0).n_guesses, 0) << "the first pass may have found cold caches";
  policy.add_pass(1, 0.01);
  EXPECT_GT(policy.plan(sure, 0).n_guesses, 0);
  EXPECT_EQ(policy.plan(sure, 1.0).n_guesses, 0) << "guesses that take longer than the model";
  EXPECT_EQ(policy.plan({}, 0).n_guesses, 0);
}

TEST(SpeculationPolicy, AFadedRecordIsForgotten) {
  SpeculationPolicy policy;
  const GuessKind kind = GuessKind::any_of_draft_model();
  const double expected = policy.chance(kind);
  for (int i = 0; i < 50; ++i) policy.add_guess(kind, false);
  EXPECT_LT(policy.chance(kind), 0.1);
  for (int i = 0; i < 2000; ++i) policy.fade_draft_model();
  EXPECT_NEAR(policy.chance(kind), expected, 0.01);
}

TEST(PassCosts, EstimatesFromNeighboursAndForgetsDisturbances) {
  PassCosts costs;
  for (int i = 0; i < 3; ++i) costs.add(1, 1.0);
  costs.add(5, 3.0);
  EXPECT_DOUBLE_EQ(costs.likely(3), 2.0);
  EXPECT_DOUBLE_EQ(costs.at_most(3), 3.0);
  EXPECT_GT(costs.at_most(6), costs.likely(6));
  costs.add(3, 50.0);  // disturbed: five rows take 3
  EXPECT_DOUBLE_EQ(costs.likely(3), 3.0);
  costs.add(1, 90.0);
  EXPECT_DOUBLE_EQ(costs.of_one(), 1.0);
  for (int i = 0; i < 300; ++i) costs.add(1, 1.0);
  EXPECT_LT(costs.likely(5), 3.0) << "too old to count";
}

}  // namespace
}  // namespace cria::engine
