// Importance files: what is written is read, those of the field too, and nothing hostile gets in.
#include "convert/importance.h"

#include <gtest/gtest.h>

#include <limits>
#include <span>

#include "file/gguf_writer.h"
#include "support/shared_data.h"

namespace cria::convert {
namespace {

using testing::read_file;
using testing::temporary_dir;
using testing::write_file;

std::string small_file() {
  ImportanceFile file;
  file.by_weight["blk.0.attn_q.weight"] = {.squares = {2, 8, 0}, .n_tokens = 4};
  file.by_weight["output.weight"] = {.squares = {1e300, 3}, .n_tokens = 3};
  file.n_chunks = 2;
  file.n_chunk_tokens = 64;
  file.source_name = "text.txt";
  std::string path = temporary_dir() + "/imatrix.gguf";
  const Status status = write_importance(file, path);
  EXPECT_TRUE(status.ok()) << status.message();
  return path;
}

TEST(Importance, WhatIsWrittenIsReadAsMeans) {
  const auto read = read_importance(small_file());
  ASSERT_TRUE(read.ok()) << read.status().message();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ(read->at("blk.0.attn_q.weight"), (std::vector<float>{0.5f, 2, 0}));
  const std::vector<float>& output = read->at("output.weight");
  EXPECT_GT(output[0], 1e37f);  // as large as a float can be, and finite
  EXPECT_EQ(output[1], 1.0f);
}

// A tensor of its file, with a shape and values that a test chooses.
struct Entry {
  std::string name;
  std::vector<int64_t> dims;
  std::vector<float> values;
};

Result<Importance> read_entries(const std::vector<Entry>& entries,
                                const std::string& kind = "imatrix") {
  file::GgufWriter writer;
  writer.add_string("general.type", kind);
  for (const Entry& entry : entries) {
    EXPECT_TRUE(writer.add_tensor(entry.name, DType::f32, entry.dims).ok());
  }
  const std::string path = temporary_dir() + "/made.gguf";
  EXPECT_TRUE(writer
                  .write(path,
                         [&](size_t i, file::GgufWriter::Sink sink) {
                           return sink(std::as_bytes(std::span(entries[i].values)));
                         })
                  .ok());
  return read_importance(path);
}

TEST(Importance, ShapesOfOtherProgramsAreTaken) {
  const auto read =
      read_entries({{"a.in_sum2", {2, 1}, {6, 3}}, {"a.counts", {1, 1}, {3}}, {"b", {1}, {1}}});
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->at("a"), (std::vector<float>{2, 1}));
  // What was never used says nothing.
  const auto unused = read_entries({{"a.in_sum2", {2}, {0, 0}}, {"a.counts", {1}, {0}}});
  ASSERT_TRUE(unused.ok());
  EXPECT_TRUE(unused->empty());
}

TEST(Importance, WrongEntriesAreRefusedByName) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Entry good = {"a.in_sum2", {2}, {1, 2}};
  const std::vector<std::vector<Entry>> cases = {
      {good},
      {good, {"a.counts", {2}, {1, 1}}},
      {good, {"a.counts", {1}, {nan}}},
      {good, {"a.counts", {1}, {-1}}},
      {{"a.in_sum2", {2}, {1, nan}}, {"a.counts", {1}, {1}}},
      {{"a.in_sum2", {2}, {infinity, 1}}, {"a.counts", {1}, {1}}},
      {{"a.in_sum2", {2}, {-1, 1}}, {"a.counts", {1}, {1}}},
      {{"a.in_sum2", {1, 2}, {1, 1}}, {"a.counts", {1}, {1}}},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto read = read_entries(cases[i]);
    ASSERT_FALSE(read.ok()) << i;
    EXPECT_EQ(read.status().code(), StatusCode::corrupt) << i;
    EXPECT_NE(read.status().message().find("'a."), std::string::npos) << read.status().message();
  }
  EXPECT_EQ(read_entries({good, {"a.counts", {1}, {1}}}, "model").status().code(),
            StatusCode::unsupported);
}

TEST(Importance, AFileCutAnywhereIsRefused) {
  const std::string good = read_file(small_file());
  const std::string path = temporary_dir() + "/cut.gguf";
  // The last tensor is one number; what follows is padding that nobody needs.
  for (size_t n = 0; n + 32 < good.size(); ++n) {
    write_file(path, good.substr(0, n));
    EXPECT_FALSE(read_importance(path).ok()) << n;
  }
}

}  // namespace
}  // namespace cria::convert
