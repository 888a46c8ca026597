#include "file/gguf_shards.h"

#include <gtest/gtest.h>

#include "file/gguf_image.h"
#include "file/readers.h"
#include "support/shared_data.h"

namespace cria::file::testing {
namespace {

using cria::testing::temporary_dir;
using cria::testing::write_file;

struct Split {
  uint16_t index = 0;
  uint16_t count = 3;
  int32_t n_tensors = 3;
};

// A shard with one tensor whose values are all its index.
GgufImage shard(const Split& split, const std::string& tensor_name) {
  GgufImage image;
  image.keys = {encoded_key("split.no", kU16, le(split.index)),
                encoded_key("split.count", kU16, le(split.count)),
                encoded_key("split.tensors.count", kI32, le(split.n_tensors))};
  if (split.index == 0) image.keys.push_back(encoded_key("name", kString, encoded_text("first")));
  if (split.index == 1) image.keys.push_back(encoded_key("name", kString, encoded_text("second")));
  image.tensors = {encoded({.name = tensor_name})};
  image.data.assign(32, static_cast<char>('0' + split.index));
  return image;
}

std::string shard_name(int number, int count = 3) {
  return str_cat("m-0000", number, "-of-0000", count, ".gguf");
}

class Shards : public ::testing::Test {
 protected:
  void SetUp() override {
    for (uint16_t i = 0; i < 3; ++i) write(i + 1, shard({.index = i}, str_cat("t", i)));
  }
  void write(int number, const GgufImage& image) { write_file(path(number), image.bytes()); }
  std::string path(int number) const { return dir_ + "/" + shard_name(number); }
  Status open_status(int number) const { return open_catalog(path(number), "").status(); }
  void expect_refused(std::initializer_list<std::string_view> pieces) const {
    const Status status = open_status(1);
    EXPECT_EQ(status.code(), StatusCode::corrupt) << status.message();
    for (const std::string_view piece : pieces) {
      EXPECT_NE(status.message().find(piece), std::string::npos)
          << "no '" << piece << "' in: " << status.message();
    }
  }
  const std::string dir_ = temporary_dir();
};

TEST_F(Shards, AnyShardOpensAllOfThem) {
  for (int number = 1; number <= 3; ++number) {
    const auto catalog = open_catalog(path(number), "");
    ASSERT_TRUE(catalog.ok()) << catalog.status().message();
    ASSERT_EQ((*catalog)->tensors.size(), 3u);
    for (int i = 0; i < 3; ++i) {
      const NamedTensor* tensor = (*catalog)->find_tensor(str_cat("t", i));
      ASSERT_NE(tensor, nullptr);
      EXPECT_EQ(tensor->i_shard, i);
      EXPECT_EQ(static_cast<char>(tensor->view.data[31]), '0' + i);
    }
    std::string_view name;
    ASSERT_TRUE((*catalog)->get("name", name).ok());
    EXPECT_EQ(name, "first");
    EXPECT_EQ((*catalog)->source_name, path(1));
  }
}

TEST_F(Shards, AMissingShardIsNamed) {
  ASSERT_EQ(::remove(path(2).c_str()), 0);
  const Status status = open_status(3);
  EXPECT_EQ(status.code(), StatusCode::not_found);
  EXPECT_NE(status.message().find(shard_name(2)), std::string::npos) << status.message();
}

TEST_F(Shards, ABrokenShardIsNamed) {
  const std::string whole = shard({.index = 1}, "t1").bytes();
  write_file(path(2), whole.substr(0, whole.size() - 1));
  expect_refused({shard_name(2), "at byte", "found", "expected"});
}

TEST_F(Shards, AShardOutOfItsPlaceIsRefused) {
  write(2, shard({.index = 2}, "t1"));
  expect_refused({shard_name(2), "split.no", "found 2, expected 1"});
}

TEST_F(Shards, AShardOfAnotherSplitIsRefused) {
  write(2, shard({.index = 1, .count = 4}, "t1"));
  expect_refused({shard_name(2), "split.count", "found 4, expected 3"});
  write(2, shard({.index = 1, .n_tensors = 9}, "t1"));
  expect_refused({shard_name(2), "split.tensors.count", "found 9, expected 3"});
}

TEST_F(Shards, ATensorInTwoShardsIsRefused) {
  write(2, shard({.index = 1}, "t0"));
  expect_refused({"'t0'", "second time", "shard 2"});
}

TEST_F(Shards, MoreOrFewerTensorsThanAnnouncedAreRefused) {
  for (const int32_t n : {2, 4, 0, -1}) {
    for (uint16_t i = 0; i < 3; ++i) {
      write(i + 1, shard({.index = i, .n_tensors = n}, str_cat("t", i)));
    }
    expect_refused({"split.tensors.count", "at byte", "found", "expected"});
  }
}

TEST_F(Shards, ASplitWithoutItsCountOfTensorsIsRefused) {
  GgufImage first = shard({}, "t0");
  first.keys.erase(first.keys.begin() + 2);
  write(1, first);
  expect_refused({"split.tensors.count", "found no key"});
}

TEST_F(Shards, AShardUnderAnotherNameIsRefusedWithTheNameThatItNeeds) {
  write_file(dir_ + "/model.gguf", shard({}, "t0").bytes());
  const Status status = open_catalog(dir_ + "/model.gguf", "").status();
  EXPECT_EQ(status.code(), StatusCode::corrupt);
  EXPECT_NE(status.message().find("NAME-00001-of-00003.gguf"), std::string::npos);
}

TEST_F(Shards, NumbersInTheNameOutsideTheSplitAreRefused) {
  for (const int number : {0, 4}) {
    write(number, shard({}, "t0"));
    EXPECT_EQ(open_status(number).code(), StatusCode::corrupt);
  }
  const std::string two = dir_ + "/" + shard_name(1, 2);
  write_file(two, shard({}, "t0").bytes());
  EXPECT_EQ(open_catalog(two, "").status().code(), StatusCode::corrupt);
}

TEST_F(Shards, AWholeModelWithANameLikeAShardsOpensAlone) {
  write(1, valid_image());
  const auto catalog = open_catalog(path(1), "");
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  EXPECT_EQ((*catalog)->find_tensor("t1"), nullptr);
}

}  // namespace
}  // namespace cria::file::testing
