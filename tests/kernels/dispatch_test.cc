#include "kernels/dispatch.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/cpu.h"

namespace cria::kernels {
namespace {

TEST(Dispatch, ScalarIsAlwaysThereAndFirst) {
  const auto names = runnable_tables();
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names.front(), "scalar");
}

TEST(Dispatch, EveryNameGivesATableWithoutHoles) {
  for (const std::string_view name : runnable_tables()) {
    const auto chosen = choose_table(name);
    ASSERT_TRUE(chosen.ok()) << chosen.status().message();
    EXPECT_EQ(chosen->name, name);
    for (const PackedKernel* kernel : chosen->packed) EXPECT_NE(kernel, nullptr) << name;
    EXPECT_NE(chosen->matmul_grouped, nullptr);
    EXPECT_NE(chosen->quantize_q8a, nullptr);
    EXPECT_NE(chosen->quantize_grouped, nullptr);
    EXPECT_NE(chosen->rms_norm, nullptr);
    EXPECT_NE(chosen->swiglu, nullptr);
    EXPECT_NE(chosen->attend, nullptr);
    EXPECT_NE(chosen->store_f16, nullptr);
  }
}

TEST(Dispatch, NoNameMeansTheFastestTableForThisMachinesCores) {
  const auto chosen = choose_table("");
  ASSERT_TRUE(chosen.ok());
  if (cpu_features().neon) {
    const std::string name = chosen->name;
    EXPECT_EQ(name.ends_with("_a53"), core_order() == CoreOrder::a53) << name;
    EXPECT_EQ(name.ends_with("_a55"), core_order() == CoreOrder::a55) << name;
  } else {
    EXPECT_EQ(chosen->name, runnable_tables().back());
  }
}

TEST(Dispatch, ATableIsRunnableWhereTheCpuHasTheInstructions) {
  const auto names = runnable_tables();
  const auto has = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  EXPECT_EQ(has("avx2"), cpu_features().avx2);
  EXPECT_EQ(has("avxvnni"), cpu_features().avx_vnni);
  EXPECT_EQ(has("avx512"), cpu_features().avx512);
  EXPECT_EQ(has("avx512vnni"), cpu_features().avx512_vnni);
  EXPECT_EQ(has("neon"), cpu_features().neon);
  EXPECT_EQ(has("neon_a53"), cpu_features().neon);
  EXPECT_EQ(has("neon_a55"), cpu_features().neon);
}

TEST(Dispatch, AnUnknownNameIsRefusedWithTheValidOnes) {
  const auto chosen = choose_table("mmx");
  ASSERT_FALSE(chosen.ok());
  EXPECT_EQ(chosen.status().code(), StatusCode::invalid_argument);
  EXPECT_NE(chosen.status().message().find("mmx"), std::string::npos);
  for (const std::string_view name : runnable_tables()) {
    EXPECT_NE(chosen.status().message().find(name), std::string::npos);
  }
}

}  // namespace
}  // namespace cria::kernels
