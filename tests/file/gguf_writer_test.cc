#include "file/gguf_writer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "file/gguf_image.h"
#include "file/refusal.h"
#include "support/shared_data.h"

namespace cria::file::testing {
namespace {

using cria::testing::read_file;
using cria::testing::temporary_dir;

constexpr auto fill_nothing = [](size_t, GgufWriter::Sink) { return Status(); };

std::string pattern(size_t n_bytes, size_t seed) {
  std::string out(n_bytes, '\0');
  for (size_t i = 0; i < n_bytes; ++i) out[i] = static_cast<char>(i * 31 + seed);
  return out;
}

TEST(GgufWriter, WritesWhatTheReaderReads) {
  GgufWriter writer;
  writer.add_u32("u", 4000000000u);
  writer.add_f32("f", -1.5f);
  writer.add_bool("yes", true);
  writer.add_bool("no", false);
  writer.add_string("s", std::string_view("a\0b", 3));
  writer.add_strings("ss", {"a", "",
                            "\xe2\x96\x81"
                            "b"});
  writer.add_f32s("fs", {1, 2.5f});
  writer.add_i32s("is", {-1, 7});
  ASSERT_TRUE(writer.add_tensor("one", DType::f32, {5}).ok());
  ASSERT_TRUE(writer.add_tensor("two", DType::q4_0, {64, 3}).ok());
  ASSERT_TRUE(writer.add_tensor("three", DType::f16, {2, 2, 2, 2}).ok());
  const std::string contents[] = {pattern(20, 1), pattern(108, 2), pattern(32, 3)};
  const std::string path = temporary_dir() + "/out.gguf";
  const Status status = writer.write(path, [&](size_t i, GgufWriter::Sink sink) -> Status {
    const Bytes bytes = as_bytes(contents[i]);
    CRIA_RETURN_IF_ERROR(sink(bytes.subspan(0, 7)));  // in two pieces
    return sink(bytes.subspan(7));
  });
  ASSERT_TRUE(status.ok()) << status.message();

  const Opened opened = open_gguf(read_file(path));
  ASSERT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
  const Catalog& catalog = **opened.catalog;
  uint32_t u = 0;
  float f = 0;
  bool yes = false, no = true;
  std::string_view s;
  std::vector<std::string_view> ss;
  std::vector<float> fs;
  std::vector<int32_t> is;
  ASSERT_TRUE(catalog.get("u", u).ok() && catalog.get("f", f).ok() && catalog.get("yes", yes).ok());
  ASSERT_TRUE(catalog.get("no", no).ok() && catalog.get("s", s).ok() && catalog.get("ss", ss).ok());
  ASSERT_TRUE(catalog.get("fs", fs).ok() && catalog.get("is", is).ok());
  EXPECT_EQ(u, 4000000000u);
  EXPECT_EQ(f, -1.5f);
  EXPECT_TRUE(yes && !no);
  EXPECT_EQ(s, std::string_view("a\0b", 3));
  EXPECT_EQ(ss, (std::vector<std::string_view>{"a", "",
                                               "\xe2\x96\x81"
                                               "b"}));
  EXPECT_EQ(fs, (std::vector<float>{1, 2.5f}));
  EXPECT_EQ(is, (std::vector<int32_t>{-1, 7}));
  ASSERT_EQ(catalog.tensors.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const NamedTensor& tensor = catalog.tensors[i];
    EXPECT_EQ(tensor.file_offset % 32, 0u);
    ASSERT_EQ(tensor.view.size_bytes, contents[i].size());
    EXPECT_EQ(std::memcmp(tensor.view.data, contents[i].data(), contents[i].size()), 0);
  }
  EXPECT_EQ(shape_text(catalog.find_tensor("three")->view), "[2, 2, 2, 2]");
}

TEST(GgufWriter, WritesByteForByteWhatTheSpecificationSays) {
  GgufWriter writer;
  writer.add_u32("k", 7);
  ASSERT_TRUE(writer.add_tensor("t", DType::f32, {3}).ok());
  const std::string data = pattern(12, 0);
  const std::string path = temporary_dir() + "/out.gguf";
  ASSERT_TRUE(
      writer.write(path, [&](size_t, GgufWriter::Sink sink) { return sink(as_bytes(data)); }).ok());
  GgufImage image;
  image.keys = {encoded_key("k", kU32, le<uint32_t>(7))};
  image.tensors = {encoded({.name = "t", .dims = {3}})};
  image.data = data + std::string(20, '\0');
  EXPECT_EQ(read_file(path), image.bytes());
}

TEST(GgufWriter, CopiesEveryValueOfAnotherFile) {
  GgufImage image = valid_image();
  const Opened opened = open_gguf(image.bytes());
  ASSERT_TRUE(opened.catalog.ok());
  GgufWriter writer;
  for (const auto& [key, value] : (*opened.catalog)->metadata) writer.add_value(key, value);
  const std::string path = temporary_dir() + "/copy.gguf";
  ASSERT_TRUE(writer.write(path, fill_nothing).ok());
  image.tensors.clear();
  image.data.clear();
  // A writer fills up to where tensors would begin.
  auto expected = image.bytes();
  expected.resize((expected.size() + 31) / 32 * 32);
  EXPECT_EQ(read_file(path), expected);
}

TEST(GgufWriter, WritesAFileWithNothingInIt) {
  const std::string path = temporary_dir() + "/empty.gguf";
  ASSERT_TRUE(GgufWriter().write(path, fill_nothing).ok());
  EXPECT_TRUE(open_gguf(read_file(path)).catalog.ok());
}

TEST(GgufWriter, RefusesTensorsThatTheFormatCannotHold) {
  GgufWriter writer;
  const auto code = [&](const char* name, DType dtype, const std::vector<int64_t>& dims) {
    return writer.add_tensor(name, dtype, dims).code();
  };
  EXPECT_EQ(code("t", DType::q4_0, {31}), StatusCode::invalid_argument);
  EXPECT_EQ(code("t", DType::q4_k, {128}), StatusCode::invalid_argument);
  EXPECT_EQ(code("t", DType::f32, {}), StatusCode::invalid_argument);
  EXPECT_EQ(code("t", DType::f32, {1, 1, 1, 1, 1}), StatusCode::invalid_argument);
  EXPECT_EQ(code("t", DType::f32, {0}), StatusCode::invalid_argument);
  EXPECT_EQ(code("t", DType::f32, {4, -1}), StatusCode::invalid_argument);
  EXPECT_EQ(code("t", DType::f32, {INT64_MAX, 4}), StatusCode::invalid_argument);
  EXPECT_EQ(code("", DType::f32, {4}), StatusCode::invalid_argument);
  EXPECT_EQ(code("t", DType::grouped_i8, {4}), StatusCode::invalid_argument);
  EXPECT_EQ(code("t", DType::f32, {4}), StatusCode::ok);
  EXPECT_EQ(code("t", DType::f32, {4}), StatusCode::invalid_argument);
}

TEST(GgufWriter, LeavesAnEarlierFileAloneWhereFillingFails) {
  GgufWriter writer;
  ASSERT_TRUE(writer.add_tensor("t", DType::f32, {3}).ok());
  const std::string dir = temporary_dir();
  const std::string path = dir + "/out.gguf";
  cria::testing::write_file(path, "before");
  EXPECT_EQ(writer
                .write(path, [](size_t,
                                GgufWriter::Sink) { return Status(StatusCode::cancelled, "stop"); })
                .code(),
            StatusCode::cancelled);
  EXPECT_EQ(writer.write(path, fill_nothing).code(), StatusCode::internal);
  EXPECT_EQ(read_file(path), "before");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir), {}), 1);
}

TEST(GgufWriter, NamesAFolderThatIsNotThere) {
  const Status status = GgufWriter().write("/no/such/folder/x.gguf", fill_nothing);
  EXPECT_EQ(status.code(), StatusCode::io_error);
  EXPECT_NE(status.message().find("/no/such/folder/x.gguf"), std::string::npos);
}

}  // namespace
}  // namespace cria::file::testing
