#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/shared_data.h"

namespace cria {
namespace {

using testing::temporary_dir;
using testing::write_file;

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, HasTheBytesOfTheFile) {
  const std::string path = temporary_dir() + "/f";
  const std::string content(10000, 'x');
  write_file(path, content);
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(text_of(**file), content);
  EXPECT_EQ((*file)->path(), path);
}

TEST(MappedFile, KeepsTheOldBytesWhenTheFileIsReplaced) {
  const std::string path = temporary_dir() + "/f";
  write_file(path, "old");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  write_file(path + ".new", "new content");
  ASSERT_EQ(::rename((path + ".new").c_str(), path.c_str()), 0);
  EXPECT_EQ(text_of(**file), "old");
}

TEST(MappedFile, PrefaultsAndDropsAnyPartWithoutChangingIt) {
  const std::string path = temporary_dir() + "/f";
  const std::string content(20001, 'z');
  write_file(path, content);
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  const std::pair<uint64_t, uint64_t> parts[] = {{0, 20001}, {1, 2}, {4096, 8192}, {20000, 20001}};
  for (const auto& [begin, end] : parts) {
    EXPECT_TRUE((*file)->prefault(begin, end).ok());
    (*file)->drop(begin, end);
  }
  EXPECT_EQ(text_of(**file), content);
}

TEST(MappedFile, CopiesPartsWithoutMappingThem) {
  const std::string path = temporary_dir() + "/f";
  std::string content(10000, 'x');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7);
  write_file(path, content);
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  std::vector<std::byte> part(3000);
  ASSERT_TRUE((*file)->read_at(1234, part.size(), part.data()));
  EXPECT_TRUE(std::equal(part.begin(), part.end(), (*file)->bytes().begin() + 1234));
  EXPECT_FALSE((*file)->read_at(9000, part.size(), part.data())) << "beyond its end";
}

TEST(MappedFile, MapsAnEmptyFileToNothing) {
  const std::string path = temporary_dir() + "/f";
  write_file(path, "");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_TRUE((*file)->bytes().empty());
}

TEST(MappedFile, RefusesWhatIsNoFileAndNamesIt) {
  const std::string dir = temporary_dir();
  const auto missing = MappedFile::open(dir + "/none");
  EXPECT_EQ(missing.status().code(), StatusCode::not_found);
  EXPECT_NE(missing.status().message().find(dir + "/none"), std::string::npos);
  const auto folder = MappedFile::open(dir);
  EXPECT_EQ(folder.status().code(), StatusCode::io_error);
  EXPECT_NE(folder.status().message().find("directory"), std::string::npos);
  EXPECT_EQ(MappedFile::open("/dev/null").status().code(), StatusCode::io_error);
  EXPECT_EQ(MappedFile::open("").status().code(), StatusCode::not_found);
}

TEST(MappedFile, DoesNotWaitForAPipe) {
  const std::string path = temporary_dir() + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::open(path).status().code(), StatusCode::io_error);
}

TEST(MappedFile, ReportsAFileThatMayNotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const std::string path = temporary_dir() + "/secret";
  write_file(path, "x");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  EXPECT_EQ(MappedFile::open(path).status().code(), StatusCode::io_error);
}

TEST(ReadSmallFile, ReadsUpToTheLimit) {
  const std::string path = temporary_dir() + "/f";
  const std::string content(40000, 'y');
  write_file(path, content);
  const auto whole = read_small_file(path, 40000);
  ASSERT_TRUE(whole.ok()) << whole.status().message();
  EXPECT_EQ(*whole, content);
  const auto limited = read_small_file(path, 39999);
  EXPECT_EQ(limited.status().code(), StatusCode::io_error);
  EXPECT_NE(limited.status().message().find("39999"), std::string::npos);
}

TEST(ReadSmallFile, DoesNotReadAnEndlessDeviceForever) {
  EXPECT_EQ(read_small_file("/dev/zero", 1 << 20).status().code(), StatusCode::io_error);
}

TEST(ReadSmallFile, ReportsWhatItCannotOpenOrRead) {
  EXPECT_EQ(read_small_file("/no/such/file", 100).status().code(), StatusCode::not_found);
  EXPECT_EQ(read_small_file(temporary_dir(), 100).status().code(), StatusCode::io_error);
}

}  // namespace
}  // namespace cria
