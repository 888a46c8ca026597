#include "base/same_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/shared_data.h"

namespace cria {
namespace {

TEST(SameFile, SeesThroughLinksAndSpellings) {
  const std::string dir = testing::temporary_dir();
  const std::string a = dir + "/a", b = dir + "/b";
  testing::write_file(a, "same");
  testing::write_file(b, "same");
  std::filesystem::create_symlink(a, dir + "/soft");
  std::filesystem::create_hard_link(a, dir + "/hard");
  EXPECT_TRUE(is_same_file(a, a));
  EXPECT_TRUE(is_same_file(a, dir + "/./a"));
  EXPECT_TRUE(is_same_file(a, dir + "/soft"));
  EXPECT_TRUE(is_same_file(a, dir + "/hard"));
  EXPECT_FALSE(is_same_file(a, b));
  EXPECT_FALSE(is_same_file(a, dir + "/none"));
  EXPECT_FALSE(is_same_file(dir + "/none", dir + "/none"));
}

}  // namespace
}  // namespace cria
