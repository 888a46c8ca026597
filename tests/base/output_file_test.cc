#include "base/output_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "support/shared_data.h"

namespace cria {
namespace {

using testing::read_file;
using testing::temporary_dir;
using testing::write_file;

std::ptrdiff_t n_files(const std::string& dir) {
  return std::distance(std::filesystem::directory_iterator(dir), {});
}

// For as long as it lives no file may grow beyond the limit: a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t limit_bytes) {
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = limit_bytes;
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &now), 0);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*before_handler_)(int) = SIG_DFL;
};

TEST(OutputFile, ShowsTheFileOnlyOnceItIsCommitted) {
  const std::string dir = temporary_dir();
  const std::string path = dir + "/f";
  auto file = OutputFile::create(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  ASSERT_TRUE(file->write(as_bytes("hello ")).ok());
  ASSERT_TRUE(file->write(as_bytes("")).ok());
  ASSERT_TRUE(file->write(as_bytes("world")).ok());
  EXPECT_EQ(file->n_bytes_written(), 11u);
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(read_file(path), "hello world");
  EXPECT_EQ(n_files(dir), 1);
}

TEST(OutputFile, LeavesNothingBehindWithoutACommit) {
  const std::string dir = temporary_dir();
  write_file(dir + "/f", "before");
  {
    auto file = OutputFile::create(dir + "/f");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write(as_bytes("half")).ok());
  }
  EXPECT_EQ(read_file(dir + "/f"), "before");
  EXPECT_EQ(n_files(dir), 1);
}

TEST(OutputFile, MovesItsFileAlong) {
  const std::string dir = temporary_dir();
  auto created = OutputFile::create(dir + "/f");
  ASSERT_TRUE(created.ok());
  OutputFile moved = std::move(*created);
  ASSERT_TRUE(moved.write(as_bytes("x")).ok());
  auto other = OutputFile::create(dir + "/g");
  ASSERT_TRUE(other.ok());
  *other = std::move(moved);
  ASSERT_TRUE(other->commit().ok());
  EXPECT_EQ(read_file(dir + "/f"), "x");
  EXPECT_FALSE(std::filesystem::exists(dir + "/g"));
}

TEST(OutputFile, ReportsAFullDiskAndKeepsTheEarlierFile) {
  const std::string dir = temporary_dir();
  const std::string path = dir + "/f";
  write_file(path, "before");
  {
    const FullDisk full(100);
    auto file = OutputFile::create(path);
    ASSERT_TRUE(file.ok()) << file.status().message();
    ASSERT_TRUE(file->write(as_bytes(std::string(60, 'x'))).ok());
    const Status status = file->write(as_bytes(std::string(60, 'x')));
    EXPECT_EQ(status.code(), StatusCode::io_error);
    EXPECT_NE(status.message().find(path), std::string::npos) << status.message();
    EXPECT_NE(status.message().find("100 bytes"), std::string::npos) << status.message();
  }
  EXPECT_EQ(read_file(path), "before");
  EXPECT_EQ(n_files(dir), 1);
}

TEST(OutputFile, ReportsAFolderThatIsNotThereOrNotAFolder) {
  const std::string dir = temporary_dir();
  const auto missing = OutputFile::create(dir + "/none/f");
  EXPECT_EQ(missing.status().code(), StatusCode::io_error);
  EXPECT_NE(missing.status().message().find(dir + "/none/f"), std::string::npos);
  write_file(dir + "/file", "x");
  EXPECT_FALSE(OutputFile::create(dir + "/file/f").ok());
}

TEST(OutputFile, ReportsATargetThatIsAFolder) {
  const std::string dir = temporary_dir();
  std::filesystem::create_directory(dir + "/target");
  auto file = OutputFile::create(dir + "/target");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->write(as_bytes("x")).ok());
  EXPECT_EQ(file->commit().code(), StatusCode::io_error);
}

}  // namespace
}  // namespace cria
