// What every reader of foreign bytes owes for a broken file: an error that says where, what it
// found and what would have been right, without touching a byte outside the file.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "file/readers.h"
#include "support/guarded.h"

namespace cria::file::testing {

// A catalog and the bytes that it looks at, which end at an inaccessible page.
struct Opened {
  std::shared_ptr<cria::testing::GuardedBytes> bytes;
  Result<std::shared_ptr<Catalog>> catalog;
};
Opened open_gguf(std::string_view file);
Opened open_llama2c(std::string_view file);

// Fails the test unless status is corrupt or unsupported and its message has "at byte", "found",
// "expected" and every one of the pieces.
void expect_refusal(const Status& status, std::initializer_list<std::string_view> pieces = {});

void expect_gguf_refused(std::string_view file,
                         std::initializer_list<std::string_view> pieces = {});
void expect_llama2c_refused(std::string_view file,
                            std::initializer_list<std::string_view> pieces = {});

}  // namespace cria::file::testing
