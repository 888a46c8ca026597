#include "base/cpu.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <vector>

#include "base/mapped_file.h"

namespace cria {
namespace {

TEST(Cpu, UsesNoMoreProcessorsThanTheAffinityMask) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_GE(n_usable_processors(), 1);
  EXPECT_LE(n_usable_processors(), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &before)) {
      CPU_SET(i, &one);
      break;
    }
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(n_usable_processors(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(Cpu, DetectsTheSameFeaturesEachTime) {
  EXPECT_EQ(&cpu_features(), &cpu_features());
  EXPECT_FALSE(describe_cpu_features().empty());
}

TEST(Cpu, WiderSetsComeWithTheNarrowerOnesThatTheyBuildOn) {
  const CpuFeatures& f = cpu_features();
  EXPECT_TRUE(!f.avx512 || f.avx2);
  EXPECT_TRUE(!f.avx512_vnni || f.avx512);
  EXPECT_TRUE(!f.avx512_bf16 || f.avx512);
  EXPECT_TRUE(!f.avx_vnni || f.avx2);
  EXPECT_FALSE(f.avx2 && f.neon);
}

TEST(Cpu, OrdersInstructionsForTheBigCoresWhereThereAreAny) {
  constexpr uint64_t kA53 = 0x410fd034, kA55 = 0x412fd050, kA72 = 0x410fd083, kA76 = 0x414fd0b1;
  const auto order = [](const std::vector<uint64_t>& midrs) { return order_for(midrs); };
  EXPECT_EQ(order({}), CoreOrder::free);
  EXPECT_EQ(order({kA53, kA53}), CoreOrder::a53);
  EXPECT_EQ(order({kA55}), CoreOrder::a55);
  EXPECT_EQ(order({kA53, kA53, kA72}), CoreOrder::free);
  EXPECT_EQ(order({kA76, kA55}), CoreOrder::free);
  EXPECT_EQ(order({kA53, kA55}), CoreOrder::a55);
  EXPECT_EQ(order({0x610f0220}), CoreOrder::free);
  EXPECT_EQ(core_order(), core_order());
}

#if defined(__x86_64__)
// The kernel's list is an independent reading of the same registers.
TEST(Cpu, AgreesWithTheKernelsListOfFlags) {
  const auto info = read_small_file("/proc/cpuinfo", 64 << 20);
  if (!info.ok()) GTEST_SKIP() << info.status().message();
  const size_t begin = info->find("flags");
  if (begin == std::string::npos) GTEST_SKIP() << "no flags in /proc/cpuinfo";
  const std::string flags = info->substr(begin, info->find('\n', begin) - begin) + " ";
  const auto has = [&](const std::string& flag) {
    return flags.find(" " + flag + " ") != std::string::npos;
  };
  const CpuFeatures& f = cpu_features();
  EXPECT_EQ(f.avx2, has("avx2") && has("fma") && has("f16c"));
  EXPECT_EQ(f.avx512,
            f.avx2 && has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl"));
  EXPECT_EQ(f.avx512_vnni, f.avx512 && has("avx512_vnni"));
  EXPECT_EQ(f.avx_vnni, f.avx2 && has("avx_vnni"));
  EXPECT_EQ(f.avx512_bf16, f.avx512 && has("avx512_bf16"));
}
#endif

}  // namespace
}  // namespace cria
