#include "base/aligned_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cria {
namespace {

TEST(AlignedBuffer, IsZeroedAndPageAligned) {
  auto buffer = AlignedBuffer::allocate(100000, "a test");
  ASSERT_TRUE(buffer.ok()) << buffer.status().message();
  EXPECT_EQ(buffer->size_bytes(), 100000u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % 4096, 0u);
  const auto bytes = buffer->as<uint8_t>();
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 0), 100000);
  bytes[99999] = 7;
  EXPECT_EQ(buffer->as<uint32_t>().size(), 25000u);
}

TEST(AlignedBuffer, OfNoBytesIsEmpty) {
  auto buffer = AlignedBuffer::allocate(0, "a test");
  ASSERT_TRUE(buffer.ok());
  EXPECT_EQ(buffer->size_bytes(), 0u);
  EXPECT_TRUE(buffer->as<float>().empty());
}

TEST(AlignedBuffer, RefusesWhatTheMachineDoesNotHaveNamingPurposeAndSize) {
  for (const uint64_t size : {~uint64_t{0}, uint64_t{1} << 63, uint64_t{1} << 60}) {
    const auto buffer = AlignedBuffer::allocate(size, "the KV cache");
    ASSERT_FALSE(buffer.ok());
    EXPECT_EQ(buffer.status().code(), StatusCode::out_of_memory);
    EXPECT_NE(buffer.status().message().find(std::to_string(size)), std::string::npos);
    EXPECT_NE(buffer.status().message().find("the KV cache"), std::string::npos);
  }
}

TEST(AlignedBuffer, CostsMemoryOnlyWhereItIsTouched) {
  auto buffer = AlignedBuffer::allocate(uint64_t{4} << 30, "a sparse table");
  if (!buffer.ok()) GTEST_SKIP() << "this system does not overcommit";
  buffer->data()[(uint64_t{4} << 30) - 1] = std::byte{1};
  EXPECT_EQ(buffer->data()[0], std::byte{0});
}

TEST(AlignedBuffer, Moves) {
  auto first = AlignedBuffer::allocate(64, "a test");
  ASSERT_TRUE(first.ok());
  first->data()[3] = std::byte{9};
  AlignedBuffer second = std::move(*first);
  EXPECT_EQ(first->size_bytes(), 0u);
  EXPECT_EQ(second.data()[3], std::byte{9});
  AlignedBuffer third;
  third = std::move(second);
  EXPECT_EQ(third.size_bytes(), 64u);
  EXPECT_EQ(third.data()[3], std::byte{9});
}

}  // namespace
}  // namespace cria
