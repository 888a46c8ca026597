// Packed weights from a file: the same bits, and no file that is damaged or of another kind.
#include "model/packed_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>

#include "base/checksum.h"
#include "file/packed_index.h"
#include "model/pack_cache.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria::model {
namespace {

namespace fs = std::filesystem;

class PackedFile : public ::testing::Test {
 protected:
  PackedFile() { testing::write_tiny_model({.type = "q4_0"}, model_path_); }

  Result<std::shared_ptr<const Model>> load_with(LoadOptions options = {}) const {
    return load(model_path_, options);
  }
  std::shared_ptr<Model> prepared(const std::string& isa = "") const {
    auto model = prepare(model_path_, {.isa = isa});
    EXPECT_TRUE(model.ok()) << model.status().message();
    return *model;
  }
  // All panels, one matrix after the other.
  static std::string panels_of(const Model& model) {
    std::string all;
    for (const NamedLinear& each : named_linears(model.weights)) {
      const gemm::PackedWeights& packed = each.linear->packed;
      if (packed.kernel == nullptr) continue;
      const auto n =
          static_cast<size_t>(packed.n_panels() * packed.kernel->panel_bytes(packed.n_cols));
      all.append(reinterpret_cast<const char*>(packed.panels), n);
    }
    return all;
  }
  Status attach(Model& model) const { return attach_packed(path_, *pool_, model); }

  const std::string folder_ = testing::temporary_dir();
  const std::string model_path_ = folder_ + "/model.gguf", path_ = folder_ + "/model.packed";
  const std::unique_ptr<ThreadPool> pool_ = *ThreadPool::create(2);
};

TEST_F(PackedFile, HoldsWhatPackingGives) {
  const auto packed = load_with();
  ASSERT_TRUE(packed.ok()) << packed.status().message();
  ASSERT_TRUE(save_packed(**packed, path_).ok());
  EXPECT_GE(fs::file_size(path_) + 4096, packed_file_bytes(**packed));
  const auto mapped = load_with({.packed_path = path_});
  ASSERT_TRUE(mapped.ok()) << mapped.status().message();
  EXPECT_EQ(panels_of(**mapped), panels_of(**packed));
  EXPECT_FALSE(panels_of(**mapped).empty());
  for (const NamedLinear& each : named_linears((*mapped)->weights)) {
    EXPECT_EQ(each.linear->packed.memory.size_bytes(), 0u) << each.name;
  }
}

TEST_F(PackedFile, NoDamagedFileIsTaken) {
  ASSERT_TRUE(save_packed(**load_with(), path_).ok());
  const std::string whole = testing::read_file(path_);
  const auto model = prepared();
  std::mt19937 random(7);  // NOLINT: a fixed seed
  ByteReader in(as_bytes(whole), path_);
  const auto index = file::read_packed_index(in);
  ASSERT_TRUE(index.ok());
  const auto in_head = static_cast<size_t>(in.position()) + 8;  // with its checksum
  for (int i = 0; i < 600; ++i) {
    const size_t at = random() % (i % 2 == 0 ? in_head : whole.size());
    testing::write_file(path_, whole.substr(0, at));
    EXPECT_FALSE(attach(*model).ok()) << "cut at " << at;
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random() % 8));
    testing::write_file(path_, flipped);
    const bool is_padding =
        at >= in_head && std::none_of(index->entries.begin(), index->entries.end(),
                                      [&](const file::PackedEntry& entry) {
                                        return at >= entry.offset &&
                                               at < entry.offset + entry.n_bytes;
                                      });
    EXPECT_EQ(attach(*model).ok(), is_padding) << "flipped at " << at;
  }
  testing::write_file(path_, whole);
  EXPECT_TRUE(attach(*model).ok());
}

// Heads with a right checksum that promise what is not there.
TEST_F(PackedFile, NoForgedHeadReachesBeyondTheFile) {
  ASSERT_TRUE(save_packed(**load_with(), path_).ok());
  const std::string whole = testing::read_file(path_);
  ByteReader in(as_bytes(whole), path_);
  const auto index = file::read_packed_index(in);
  const auto head_end = static_cast<size_t>(in.position());
  const uint64_t offset = index->entries[0].offset, n_bytes = index->entries[0].n_bytes;
  const auto model = prepared();
  for (const auto& [old_value, forged] :
       {std::pair(offset, uint64_t{1} << 62), std::pair(offset, UINT64_MAX - 4095),
        std::pair(offset, offset + 1), std::pair(n_bytes, UINT64_MAX),
        std::pair(n_bytes, n_bytes + 64), std::pair(n_bytes, uint64_t{0})}) {
    std::string other = whole;
    const std::string_view needle(reinterpret_cast<const char*>(&old_value), 8);
    const size_t at = other.find(needle, 36);
    ASSERT_LT(at, head_end);
    std::memcpy(other.data() + at, &forged, 8);
    const uint64_t sum = checksum(as_bytes(std::string_view(other).substr(0, head_end)));
    std::memcpy(other.data() + head_end, &sum, 8);
    testing::write_file(path_, other);
    const Status status = attach(*model);
    EXPECT_EQ(status.code(), StatusCode::corrupt) << forged << ": " << status.message();
    EXPECT_EQ(status.message().find("of the head"), std::string::npos) << status.message();
  }
}

TEST_F(PackedFile, AnotherModelsAndAnotherTablesAreRefused) {
  ASSERT_TRUE(save_packed(**load_with(), path_).ok());
  testing::write_tiny_model({.type = "q4_0", .seed = 2}, model_path_);
  const auto other = prepared();
  const Status status = attach(*other);
  EXPECT_EQ(status.code(), StatusCode::invalid_argument);
  EXPECT_NE(status.message().find("another model"), std::string::npos) << status.message();
  testing::write_tiny_model({.type = "q4_0"}, model_path_);
  const auto best = prepared();
  if (best->kernels.name == std::string_view("scalar")) return;
  const auto scalar = load_with({.isa = "scalar"});
  ASSERT_TRUE(scalar.ok());
  ASSERT_TRUE(save_packed(**scalar, path_).ok());
  const Status of_scalar = attach(*best);
  EXPECT_EQ(of_scalar.code(), StatusCode::invalid_argument);
  EXPECT_NE(of_scalar.message().find("kernel table"), std::string::npos) << of_scalar.message();
  EXPECT_EQ(load_with({.packed_path = path_ + ".none"}).status().code(), StatusCode::not_found);
}

class PackCaching : public PackedFile {
 protected:
  // The last note of a model loaded with the cache.
  std::string note_of_load(uint64_t max_bytes = 1 << 30) {
    const auto model =
        load_with({.pack_cache = folder_ + "/a/cache", .pack_cache_bytes = max_bytes});
    EXPECT_TRUE(model.ok()) << model.status().message();
    return (*model)->notes.empty() ? "" : (*model)->notes.back();
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(folder_ + "/a/cache")) {
      all.push_back(entry.path());
    }
    return all;
  }
};

TEST_F(PackCaching, TheSecondStartFindsWhatTheFirstKept) {
  EXPECT_NE(note_of_load().find("are kept in"), std::string::npos);
  EXPECT_NE(note_of_load().find("come from"), std::string::npos);
  ASSERT_EQ(files().size(), 1u);
  // A broken file is a miss, and is replaced.
  testing::write_file(files()[0].string(), "CRIA-PW\nand no more");
  EXPECT_NE(note_of_load().find("are kept in"), std::string::npos);
  EXPECT_NE(note_of_load().find("come from"), std::string::npos);
}

TEST_F(PackCaching, TheOldestGiveWayAndTooLargeOnesAreNotKept) {
  note_of_load();
  const uint64_t n_bytes = fs::file_size(files()[0]);
  const fs::path first = files()[0];
  fs::last_write_time(first, fs::file_time_type::clock::now() - std::chrono::hours(1));
  testing::write_tiny_model({.type = "q4_0", .seed = 2}, model_path_);
  note_of_load(n_bytes + n_bytes / 2);
  ASSERT_EQ(files().size(), 1u);
  EXPECT_NE(files()[0], first);
  testing::write_tiny_model({.type = "q4_0", .seed = 3}, model_path_);
  EXPECT_NE(note_of_load(100).find("are not kept"), std::string::npos);
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(PackCaching, AFolderThatCannotBeMadeIsSaidInANote) {
  testing::write_file(folder_ + "/a", "a file");
  EXPECT_NE(note_of_load().find("are not kept"), std::string::npos);
}

}  // namespace
}  // namespace cria::model
