#include "file/refusal.h"

#include <gtest/gtest.h>

namespace cria::file::testing {

Opened open_gguf(std::string_view file) {
  auto bytes = std::make_shared<cria::testing::GuardedBytes>(file);
  return {bytes, read_gguf(bytes->bytes(), "test.gguf")};
}

Opened open_llama2c(std::string_view file) {
  auto bytes = std::make_shared<cria::testing::GuardedBytes>(file);
  return {bytes, read_llama2c(bytes->bytes(), "test.bin")};
}

void expect_refusal(const Status& status, std::initializer_list<std::string_view> pieces) {
  EXPECT_TRUE(status.code() == StatusCode::corrupt || status.code() == StatusCode::unsupported)
      << status_code_name(status.code()) << ": " << status.message();
  for (const std::string_view piece : {"test.", "at byte ", "found ", "expected "}) {
    EXPECT_NE(status.message().find(piece), std::string::npos)
        << "no '" << piece << "' in: " << status.message();
  }
  for (const std::string_view piece : pieces) {
    EXPECT_NE(status.message().find(piece), std::string::npos)
        << "no '" << piece << "' in: " << status.message();
  }
}

void expect_gguf_refused(std::string_view file, std::initializer_list<std::string_view> pieces) {
  const Opened opened = open_gguf(file);
  ASSERT_FALSE(opened.catalog.ok());
  expect_refusal(opened.catalog.status(), pieces);
}

void expect_llama2c_refused(std::string_view file, std::initializer_list<std::string_view> pieces) {
  const Opened opened = open_llama2c(file);
  ASSERT_FALSE(opened.catalog.ok());
  expect_refusal(opened.catalog.status(), pieces);
}

}  // namespace cria::file::testing
