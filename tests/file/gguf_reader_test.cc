#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "file/gguf_image.h"
#include "file/refusal.h"
#include "support/shared_data.h"

namespace cria::file::testing {
namespace {

using cria::testing::read_file;

// Reads every prefix of file in [begin, end) and expects a refusal of each but those in complete.
void expect_cuts_refused(const std::string& file, size_t begin, size_t end,
                         const std::set<size_t>& complete) {
  for (size_t n = begin; n < std::min(end, file.size()); ++n) {
    if (complete.count(n) != 0) continue;
    SCOPED_TRACE(n);
    expect_gguf_refused(std::string_view(file).substr(0, n));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(GgufReader, ReadsEveryValueTypeAndTensorsOfSeveralTypes) {
  const GgufImage image = valid_image();
  const std::string file = image.bytes();
  const Opened opened = open_gguf(file);
  ASSERT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
  const Catalog& catalog = **opened.catalog;
  EXPECT_EQ(catalog.format, "GGUF v3");
  EXPECT_EQ(catalog.source_name, "test.gguf");
  ASSERT_EQ(catalog.metadata.size(), image.keys.size());
  EXPECT_EQ(std::get<uint64_t>(catalog.find("u8")->value), 200u);
  EXPECT_EQ(std::get<int64_t>(catalog.find("i8")->value), -100);
  EXPECT_EQ(std::get<uint64_t>(catalog.find("u16")->value), 60000u);
  EXPECT_EQ(std::get<int64_t>(catalog.find("i16")->value), -30000);
  EXPECT_EQ(std::get<uint64_t>(catalog.find("u32")->value), 4000000000u);
  EXPECT_EQ(std::get<int64_t>(catalog.find("i32")->value), -2000000000);
  EXPECT_EQ(std::get<double>(catalog.find("f32")->value), 0.5);
  EXPECT_EQ(std::get<bool>(catalog.find("bool")->value), true);
  EXPECT_EQ(std::get<uint64_t>(catalog.find("u64")->value), 1ull << 63);
  EXPECT_EQ(std::get<int64_t>(catalog.find("i64")->value), INT64_MIN);
  EXPECT_EQ(std::get<double>(catalog.find("f64")->value), -0.25);
  EXPECT_EQ(std::get<std::string_view>(catalog.find("general.architecture")->value), "llama");
  EXPECT_EQ(std::get<MetaArray>(catalog.find("texts")->value).count, 3u);
  EXPECT_EQ(catalog.find("absent"), nullptr);

  ASSERT_EQ(catalog.tensors.size(), 3u);
  const NamedTensor* a = catalog.find_tensor("a");
  const NamedTensor* b = catalog.find_tensor("b");
  const NamedTensor* c = catalog.find_tensor("c");
  ASSERT_TRUE(a != nullptr && b != nullptr && c != nullptr);
  EXPECT_EQ(catalog.find_tensor("d"), nullptr);
  const uint64_t data_begin = file.size() - image.data.size();
  EXPECT_EQ(a->file_offset, data_begin);
  EXPECT_EQ(a->view.size_bytes, 48u);
  EXPECT_EQ(shape_text(a->view), "[4, 3]");
  EXPECT_EQ(b->view.dtype, DType::q8_0);
  EXPECT_EQ(b->view.size_bytes, 68u);
  EXPECT_EQ(b->view.data, opened.bytes->data() + data_begin + 64);
  EXPECT_EQ(shape_text(c->view), "[1, 1, 2, 3]");
  EXPECT_EQ(c->view.n_rows(), 6);
}

TEST(GgufReader, ReadsVersion2) {
  GgufImage image = valid_image();
  image.version = 2;
  const Opened opened = open_gguf(image.bytes());
  ASSERT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
  EXPECT_EQ((*opened.catalog)->format, "GGUF v2");
}

TEST(GgufReader, RefusesOtherVersionsAndByteOrdersByName) {
  const struct {
    uint32_t version;
    std::string_view piece;
  } rows[] = {{0, "found 0"},
              {1, "found 1"},
              {4, "newer version"},
              {0x02000000, "big-endian"},
              {0x03000000, "big-endian"},
              {0xffffffff, "found 4294967295"}};
  for (const auto& row : rows) {
    GgufImage image = valid_image();
    image.version = row.version;
    const Opened opened = open_gguf(image.bytes());
    ASSERT_FALSE(opened.catalog.ok());
    EXPECT_EQ(opened.catalog.status().code(), StatusCode::unsupported);
    expect_refusal(opened.catalog.status(), {"at byte 4: version", row.piece});
  }
}

TEST(GgufReader, RefusesAnotherMagic) {
  GgufImage image = valid_image();
  image.magic = "GGUE";
  expect_gguf_refused(image.bytes(), {"at byte 0: magic: found 'GGUE'"});
}

TEST(GgufReader, CataloguesTypesThatCannotBeComputedWith) {
  const struct {
    uint32_t type;
    uint64_t block_elems, block_bytes;
  } rows[] = {{0, 1, 4},      {1, 1, 2},      {2, 32, 18},    {3, 32, 20},    {6, 32, 22},
              {7, 32, 24},    {8, 32, 34},    {9, 32, 36},    {10, 256, 84},  {11, 256, 110},
              {12, 256, 144}, {13, 256, 176}, {14, 256, 210}, {15, 256, 292}, {16, 256, 66},
              {17, 256, 74},  {18, 256, 98},  {19, 256, 50},  {20, 32, 18},   {21, 256, 110},
              {22, 256, 82},  {23, 256, 136}, {24, 1, 1},     {25, 1, 2},     {26, 1, 4},
              {27, 1, 8},     {28, 1, 8},     {29, 256, 56},  {30, 1, 2},     {34, 256, 54},
              {35, 256, 66},  {39, 32, 17},   {40, 64, 36}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.type);
    GgufImage image;
    image.tensors = {encoded({.dims = {row.block_elems * 2, 3}, .type = row.type})};
    image.data.assign(row.block_bytes * 6, 'x');
    const Opened opened = open_gguf(image.bytes());
    ASSERT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
    EXPECT_EQ((*opened.catalog)->tensors[0].view.size_bytes, row.block_bytes * 6);
    image.data.pop_back();
    expect_gguf_refused(image.bytes());
  }
}

TEST(GgufReader, RefusesAValidFileCutAtEachByte) {
  const std::string file = valid_image().bytes();
  expect_cuts_refused(file, 0, file.size(), {});
}

TEST(GgufReader, RefusesAFileWithoutTensorsCutInsideItsPadding) {
  GgufImage image;
  image.keys = {encoded_key("k", kU8, "x")};
  const std::string headers = image.bytes();
  const size_t padded = (headers.size() + 31) / 32 * 32;
  EXPECT_TRUE(open_gguf(headers).catalog.ok());
  EXPECT_TRUE(open_gguf(headers + std::string(padded - headers.size(), '\0')).catalog.ok());
  for (size_t n = headers.size() + 1; n < padded; ++n) {
    expect_gguf_refused(headers + std::string(n - headers.size(), '\0'), {"padding"});
  }
}

TEST(GgufReader, SurvivesEverySingleByteOfAValidFileBeingChanged) {
  const std::string file = valid_image().bytes();
  const size_t header_bytes = file.size() - valid_image().data.size();
  for (size_t i = 0; i < header_bytes; ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string changed = file;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      const Opened opened = open_gguf(changed);
      if (!opened.catalog.ok()) expect_refusal(opened.catalog.status());
    }
  }
}

TEST(GgufReader, ReadsTheFilesOfTheCorpusThatAreNotBroken) {
  CRIA_SHARED_FILE(dir, "fuzz-gguf");
  const Opened small = open_gguf(read_file(dir + "/valid-small.gguf"));
  ASSERT_TRUE(small.catalog.ok()) << small.catalog.status().message();
  std::vector<std::string_view> tokens;
  ASSERT_TRUE((*small.catalog)->get("tokenizer.ggml.tokens", tokens).ok());
  EXPECT_EQ(tokens.size(), 287u);
  const Opened empty = open_gguf(read_file(dir + "/v3-empty.bin"));
  ASSERT_TRUE(empty.catalog.ok()) << empty.catalog.status().message();
  EXPECT_TRUE((*empty.catalog)->metadata.empty());
  EXPECT_TRUE((*empty.catalog)->tensors.empty());
}

TEST(GgufReader, RefusesEveryOtherFileOfTheCorpus) {
  CRIA_SHARED_FILE(dir, "fuzz-gguf");
  int n_refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    const std::string name = entry.path().filename().string();
    if (name == "valid-small.gguf" || name == "v3-empty.bin") continue;
    SCOPED_TRACE(name);
    expect_gguf_refused(read_file(entry.path().string()));
    ++n_refused;
  }
  EXPECT_GE(n_refused, 10);
}

TEST(GgufReader, RefusesTheSmallFileOfTheCorpusCutAtEachByte) {
  CRIA_SHARED_FILE(path, "fuzz-gguf/valid-small.gguf");
  // Its headers end at 4859 and padding follows; a file without tensors may end there.
  expect_cuts_refused(read_file(path), 0, SIZE_MAX, {4859});
}

TEST(GgufReader, RefusesARealModelCutAtEachHeaderByteAndAroundEachTensor) {
  CRIA_SHARED_FILE(path, "models/stories260K-f32.gguf");
  const std::string file = read_file(path);
  const Opened whole = open_gguf(file);
  ASSERT_TRUE(whole.catalog.ok()) << whole.catalog.status().message();
  size_t first = file.size();
  for (const NamedTensor& tensor : (*whole.catalog)->tensors) {
    const size_t begin = tensor.file_offset;
    const size_t end = begin + tensor.view.size_bytes;
    first = std::min(first, begin);
    expect_cuts_refused(file, begin - 1, begin + 2, {});
    expect_cuts_refused(file, end - 1, end + 2, {});
  }
  // The tables of the vocabulary make the header long, so a stride inside it and all of its ends.
  for (size_t n = 0; n < first; n += 7) expect_gguf_refused(std::string_view(file).substr(0, n));
  expect_cuts_refused(file, 0, 700, {});
  expect_cuts_refused(file, first - 4000, first, {});
}

TEST(GgufReader, ReadsEveryVocabularyAndModelAtHand) {
  CRIA_SHARED_FILE(dir, "");
  int n_read = 0;
  for (const char* folder : {"models", "vocabs"}) {
    for (const auto& entry : std::filesystem::directory_iterator(dir + folder)) {
      if (entry.path().extension() != ".gguf") continue;
      const std::string file = read_file(entry.path().string());
      const Opened opened = open_gguf(file);
      EXPECT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
      ++n_read;
    }
  }
  EXPECT_GE(n_read, 10);
}

}  // namespace
}  // namespace cria::file::testing
