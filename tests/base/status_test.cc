#include "cria/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/str_cat.h"

namespace cria {
namespace {

TEST(Status, IsOkWithoutAMessageByDefault) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::ok);
  EXPECT_TRUE(status.message().empty());
}

TEST(Status, CarriesItsCodeAndMessage) {
  const Status status = corrupt("at byte ", 7, ": found ", -1, ", expected ", uint64_t{9});
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::corrupt);
  EXPECT_EQ(status.message(), "at byte 7: found -1, expected 9");
}

TEST(Status, EveryCodeHasANameOfItsOwn) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(StatusCode::internal); ++code) {
    names.insert(status_code_name(static_cast<StatusCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(StatusCode::internal) + 1);
  EXPECT_EQ(names.count("unknown"), 0u);
  EXPECT_STREQ(status_code_name(static_cast<StatusCode>(99)), "unknown");
}

TEST(Result, HoldsAValueOrAReason) {
  Result<std::unique_ptr<int>> value = std::make_unique<int>(7);
  ASSERT_TRUE(value.ok());
  EXPECT_TRUE(value.status().ok());
  EXPECT_EQ(**value, 7);
  const std::unique_ptr<int> moved = std::move(value).value();
  EXPECT_EQ(*moved, 7);
  const Result<int> none = invalid_argument("no");
  EXPECT_FALSE(none.ok());
  EXPECT_EQ(none.status().message(), "no");
}

TEST(Quoted, ShowsForeignBytesWithoutControlCharacters) {
  EXPECT_EQ(quoted("plain"), "'plain'");
  EXPECT_EQ(quoted(std::string_view("a\0\x1b[2J\xff", 7)), "'a\\x00\\x1b[2J\\xff'");
  EXPECT_EQ(quoted("abcdef", 3), "'abc...'");
  EXPECT_EQ(quoted("abc", 3), "'abc'");
  EXPECT_EQ(quoted(""), "''");
}

}  // namespace
}  // namespace cria
