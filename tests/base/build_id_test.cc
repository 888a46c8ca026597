#include "base/build_id.h"

#include <gtest/gtest.h>

#include "base/cpu.h"

namespace cria {
namespace {

TEST(BuildId, IsHexadecimalAndStaysTheSame) {
  const std::string id = build_id();
  EXPECT_EQ(id, build_id());
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
  EXPECT_EQ(id.size() % 2, 0u);
}

TEST(CpuModelName, IsOneLine) {
  EXPECT_EQ(cpu_model_name().find('\n'), std::string::npos);
  EXPECT_EQ(cpu_model_name(), cpu_model_name());
}

}  // namespace
}  // namespace cria
