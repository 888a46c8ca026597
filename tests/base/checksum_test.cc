#include "base/checksum.h"

#include <gtest/gtest.h>

namespace cria {
namespace {

// Published digests of XXH64, over every way through the loop and its tails.
TEST(Checksum, IsXxh64) {
  EXPECT_EQ(checksum({}), 0xef46db3751d8e999u);
  EXPECT_EQ(checksum(as_bytes("abc")), 0x44bc2cf5ad770999u);
  EXPECT_EQ(checksum(as_bytes("xxhash"), 20141025), 0xb559b98d844e0635u);
  EXPECT_EQ(checksum(as_bytes("Nobody inspects the spammish repetition")), 0xfbcea83c8a378bf1u);
}

TEST(Checksum, EveryByteCounts) {
  for (size_t n = 1; n < 100; ++n) {
    std::string text(n, 'a');
    const uint64_t before = checksum(as_bytes(text));
    for (size_t i = 0; i < n; ++i) {
      text[i] = 'b';
      EXPECT_NE(checksum(as_bytes(text)), before) << n << " " << i;
      text[i] = 'a';
    }
  }
}

}  // namespace
}  // namespace cria
