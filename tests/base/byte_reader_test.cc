#include "base/byte_reader.h"

#include <gtest/gtest.h>

#include "support/guarded.h"

namespace cria {
namespace {

using testing::GuardedBytes;

TEST(ByteReader, ReadsLittleEndianNumbersAtAnyAlignment) {
  const GuardedBytes bytes(
      std::string_view("\x01\x02\x03\x04\x05\xff\xff\xff\xff\x00\x00\x80\x3f", 13));
  ByteReader in(bytes.bytes(), "f");
  uint8_t u8 = 0;
  uint32_t u32 = 0;
  int32_t i32 = 0;
  float f32 = 0;
  ASSERT_TRUE(in.read("a", u8).ok());
  ASSERT_TRUE(in.read("b", u32).ok());
  ASSERT_TRUE(in.read("c", i32).ok());
  ASSERT_TRUE(in.read("d", f32).ok());
  EXPECT_EQ(u8, 1);
  EXPECT_EQ(u32, 0x05040302u);
  EXPECT_EQ(i32, -1);
  EXPECT_EQ(f32, 1.0f);
  EXPECT_EQ(in.remaining(), 0u);
}

TEST(ByteReader, RefusesToReadPastTheEndAndStaysWhereItWas) {
  const GuardedBytes bytes(std::string_view("abcdefg"));
  ByteReader in(bytes.bytes(), "file.bin");
  uint32_t first = 0;
  uint32_t second = 42;
  ASSERT_TRUE(in.read("first", first).ok());
  const Status status = in.read("second", second);
  EXPECT_EQ(status.code(), StatusCode::corrupt);
  EXPECT_TRUE(
      status.message().starts_with("file.bin: at byte 4: second: found 3 bytes left, expected 4"))
      << status.message();
  EXPECT_EQ(second, 42u);
  EXPECT_EQ(in.position(), 4u);
  std::string_view rest;
  EXPECT_TRUE(in.read_text("rest", 3, rest).ok());
  EXPECT_EQ(rest, "efg");
}

TEST(ByteReader, RefusesLengthsThatWouldWrap) {
  const GuardedBytes bytes(std::string_view("abcdefg"));
  ByteReader in(bytes.bytes(), "f");
  ASSERT_TRUE(in.skip("a", 5).ok());
  for (const uint64_t n : {uint64_t{3}, uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{0} - 4}) {
    Bytes out;
    EXPECT_FALSE(in.read_bytes("x", n, out).ok());
    EXPECT_FALSE(in.skip("x", n).ok());
    EXPECT_FALSE(in.require("x", n).ok());
    EXPECT_TRUE(out.empty());
    EXPECT_EQ(in.position(), 5u);
  }
  EXPECT_TRUE(in.skip("x", 2).ok());
  EXPECT_TRUE(in.skip("x", 0).ok());
}

TEST(ByteReader, HoldsCountsAgainstTheBytesLeft) {
  const GuardedBytes bytes(std::string_view("0123456789"));
  const ByteReader in(bytes.bytes(), "f");
  EXPECT_TRUE(in.require_items("n", 5, 2).ok());
  EXPECT_TRUE(in.require_items("n", 0, 100).ok());
  const Status status = in.require_items("n", 6, 2);
  EXPECT_NE(status.message().find("found a count of 6, expected at most 5"), std::string::npos);
  EXPECT_FALSE(in.require_items("n", uint64_t{1} << 63, 2).ok());
  EXPECT_FALSE(in.require_items("n", ~uint64_t{0}, ~uint64_t{0}).ok());
}

TEST(ByteReader, SeeksWithinTheFileOnly) {
  const GuardedBytes bytes(std::string_view("0123456789"));
  ByteReader in(bytes.bytes(), "f");
  EXPECT_TRUE(in.seek("to", 10).ok());
  EXPECT_EQ(in.remaining(), 0u);
  const Status status = in.seek("to", 11);
  EXPECT_NE(status.message().find("found an offset of 11"), std::string::npos);
  EXPECT_EQ(in.position(), 10u);
  EXPECT_TRUE(in.seek("to", 0).ok());
  EXPECT_EQ(in.remaining(), 10u);
}

TEST(ByteReader, ReadsNothingFromNothing) {
  ByteReader in(Bytes(), "empty");
  uint8_t byte = 0;
  EXPECT_FALSE(in.read("byte", byte).ok());
  std::string_view none = "x";
  EXPECT_TRUE(in.read_text("none", 0, none).ok());
  EXPECT_TRUE(none.empty());
}

TEST(ByteReader, NamesAnyPositionInAnError) {
  const ByteReader in(Bytes(), "f");
  EXPECT_EQ(in.error_at(77, "field", "found ", 1, ", expected 2").message(),
            "f: at byte 77: field: found 1, expected 2");
}

}  // namespace
}  // namespace cria
