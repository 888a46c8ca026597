#include "base/memory_use.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/aligned_buffer.h"

namespace cria {
namespace {

TEST(MemoryUse, ResidentGrowsByWhatIsTouched) {
  const uint64_t before = resident_bytes();
  if (before == 0) GTEST_SKIP() << "this system does not say";
  constexpr uint64_t kBytes = 64 << 20;
  auto buffer = AlignedBuffer::allocate(kBytes, "a test");
  ASSERT_TRUE(buffer.ok());
  for (uint64_t i = 0; i < kBytes; i += 4096) buffer->data()[i] = std::byte{1};
  EXPECT_GE(resident_bytes() + (kBytes / 16), before + kBytes);
}

TEST(MemoryUse, HeapCountsWhatIsHeld) {
  const uint64_t before = heap_bytes();
  const std::vector<char> held(3 << 20, 'x');
  const uint64_t after = heap_bytes();
  // A sanitizer's allocator is not malloc's: it counts nothing.
  if (after == before) GTEST_SKIP() << "this allocator does not say";
  EXPECT_GE(after, before + held.size());
  release_free_heap();
  EXPECT_EQ(held[held.size() / 2], 'x');
}

}  // namespace
}  // namespace cria
