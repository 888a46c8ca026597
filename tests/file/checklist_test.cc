// The 16 points that every reader of foreign bytes must hold, one or more tests each, as far as
// they concern containers. Points 9, 10 and 12 are checked where their meaning is known: token ids
// in tests/text, tensor shapes in tests/model, templates in tests/text.
#include <gtest/gtest.h>

#include "file/gguf_image.h"
#include "file/refusal.h"

namespace cria::file::testing {
namespace {

constexpr uint64_t kHuge = ~uint64_t{0};

GgufImage with_key(std::string key) {
  GgufImage image;
  image.keys = {std::move(key)};
  return image;
}

GgufImage with_tensor(const TensorHeader& tensor, size_t n_data_bytes = 32) {
  GgufImage image;
  image.tensors = {encoded(tensor)};
  image.data.assign(n_data_bytes, 'x');
  return image;
}

GgufImage with_two_tensors(const TensorHeader& a, const TensorHeader& b) {
  GgufImage image = with_tensor(a, 128);
  image.tensors.push_back(encoded(b));
  return image;
}

TEST(Checklist, Point1CountsAreHeldAgainstTheBytesLeft) {
  GgufImage image;
  image.n_tensors = kHuge;
  expect_gguf_refused(image.bytes(), {"tensor count", "18446744073709551615"});
  image.n_tensors = 0;
  image.n_keys = kHuge;
  expect_gguf_refused(image.bytes(), {"key-value count", "18446744073709551615"});
  image.n_keys = 1;
  expect_gguf_refused(image.bytes() + std::string(13, '\0'), {"key-value count"});
}

TEST(Checklist, Point1TensorCountIsHeldAgainstWhatTheMetadataLeaves) {
  GgufImage image = with_key(encoded_key("k", kString, encoded_text(std::string(1000, 'x'))));
  image.n_tensors = 20;  // would fit before the metadata, not after it
  expect_gguf_refused(image.bytes(), {"tensor count", "found a count of 20"});
}

TEST(Checklist, Point1LengthsAreHeldAgainstTheBytesLeft) {
  expect_gguf_refused(with_key(le(kHuge) + std::string(30, 'k')).bytes(), {"key"});
  expect_gguf_refused(with_key(encoded_key("k", kString, le(kHuge))).bytes(), {"'k'"});
  expect_gguf_refused(with_key(encoded_key("k", kString, le<uint64_t>(4) + "abc")).bytes(),
                      {"found 3 bytes left, expected 4"});
  expect_gguf_refused(
      with_key(encoded_key("k", kArray, encoded_array(kString, 1, le(kHuge)))).bytes(), {"'k'"});
}

TEST(Checklist, Point1ArrayCountsAreHeldAgainstTheBytesLeft) {
  for (uint32_t type = kU8; type <= kF64; ++type) {
    if (type == kArray) continue;
    for (const uint64_t count : {kHuge, kHuge / 8 + 1, uint64_t{1} << 61, uint64_t{100}}) {
      SCOPED_TRACE(count);
      expect_gguf_refused(
          with_key(encoded_key("k", kArray, encoded_array(type, count, std::string(20, '\0'))))
              .bytes(),
          {"'k'", "found a count of"});
    }
  }
}

TEST(Checklist, Point1MoreEntriesThanAnyModelHasAreRefused) {
  GgufImage image;
  image.n_keys = 16385;
  expect_gguf_refused(image.bytes() + std::string(14 * 16385, '\0'), {"expected at most 16384"});
  image.n_keys = 0;
  image.n_tensors = 65537;
  expect_gguf_refused(image.bytes() + std::string(33 * 65537, '\0'), {"expected at most 65536"});
}

TEST(Checklist, Point2ProductsOfDimensionsAreChecked) {
  // Each of these wraps to something small in 64 bits.
  const std::vector<std::vector<uint64_t>> shapes = {
      {1ull << 32, 1ull << 32},     {1ull << 62, 4},       {1ull << 63},      {kHuge},
      {kHuge, kHuge, kHuge, kHuge}, {1ull << 61, 1, 1, 8}, {(1ull << 62) + 8}};
  for (const auto& dims : shapes) {
    for (const uint32_t type : {0u, 1u, 8u, 12u, 28u}) {
      TensorHeader tensor;
      tensor.dims = dims;
      tensor.type = type;
      expect_gguf_refused(with_tensor(tensor).bytes(), {"'t'"});
    }
  }
}

TEST(Checklist, Point2OffsetsThatWrapAreRefused) {
  for (const uint64_t offset : {kHuge - 31, kHuge - 63, uint64_t{1} << 63}) {
    expect_gguf_refused(with_tensor({.offset = offset}).bytes(), {"'t'", "offset"});
  }
}

TEST(Checklist, Point3DimensionsAreOneToFourAndPositive) {
  expect_gguf_refused(with_tensor({.dims = {}}).bytes(), {"found 0 dimensions, expected 1 to 4"});
  expect_gguf_refused(with_tensor({.dims = {1, 1, 1, 1, 1}}).bytes(), {"found 5 dimensions"});
  TensorHeader many;
  many.n_dims = 0xffffffff;
  expect_gguf_refused(with_tensor(many).bytes(), {"found 4294967295 dimensions"});
  expect_gguf_refused(with_tensor({.dims = {0}}).bytes(), {"dimension 0 of 0"});
  expect_gguf_refused(with_tensor({.dims = {8, 0}}).bytes(), {"dimension 1 of 0"});
  expect_gguf_refused(with_tensor({.dims = {8, 1, 1, 0}}).bytes(), {"dimension 3 of 0"});
}

TEST(Checklist, Point3RowsAreWholeBlocks) {
  const TensorHeader q8{.dims = {31}, .type = 8};
  expect_gguf_refused(with_tensor(q8, 64).bytes(), {"rows of 31", "multiple of 32"});
  const TensorHeader q4_k{.dims = {128, 2}, .type = 12};
  expect_gguf_refused(with_tensor(q4_k, 512).bytes(), {"rows of 128", "multiple of 256"});
}

TEST(Checklist, Point4TypesOutsideTheTableAreRefusedByNumber) {
  for (const uint32_t type : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u}) {
    expect_gguf_refused(with_tensor({.type = type}).bytes(),
                        {str_cat("type id ", type), "no longer has"});
  }
  for (const uint32_t type : {64u, 65u, 255u, 256u, 0x80000000u, 0xffffffffu}) {
    const Opened opened = open_gguf(with_tensor({.type = type}).bytes());
    ASSERT_FALSE(opened.catalog.ok());
    EXPECT_EQ(opened.catalog.status().code(), StatusCode::unsupported);
    expect_refusal(opened.catalog.status(), {str_cat("type id ", type)});
  }
}

TEST(Checklist, Point4ValueTypesOutsideTheTableAreRefused) {
  for (const uint32_t type : {13u, 256u, 0xffffffffu}) {
    expect_gguf_refused(with_key(encoded_key("k", type, "xxxx")).bytes(), {"'k'", "value type"});
    expect_gguf_refused(
        with_key(encoded_key("k", kArray, encoded_array(type, 1, "xxxxxxxx"))).bytes(),
        {"'k'", "value type"});
  }
}

TEST(Checklist, Point4BooleansAreZeroOrOne) {
  expect_gguf_refused(with_key(encoded_key("k", kBool, "\2")).bytes(), {"bool of 2"});
  expect_gguf_refused(
      with_key(encoded_key("k", kArray, encoded_array(kBool, 3, std::string("\0\1\xff", 3))))
          .bytes(),
      {"bool of 255"});
}

TEST(Checklist, Point5AlignmentIsAPowerOfTwoWithinBounds) {
  const auto aligned = [](uint32_t alignment) {
    GgufImage image = with_tensor({});
    image.keys = {encoded_key("general.alignment", kU32, le(alignment))};
    image.alignment = alignment;
    return image;
  };
  for (const uint32_t bad : {0u, 1u, 4u, 7u, 9u, 24u, 100u, 65537u, 131072u, 0x80000000u}) {
    GgufImage image = aligned(bad);
    image.alignment = 32;
    expect_gguf_refused(image.bytes(), {"general.alignment", "power of two"});
  }
  for (const uint32_t good : {8u, 16u, 32u, 4096u, 65536u}) {
    const Opened opened = open_gguf(aligned(good).bytes());
    ASSERT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
    const NamedTensor& tensor = (*opened.catalog)->tensors[0];
    EXPECT_EQ(tensor.file_offset % good, 0u);
    EXPECT_EQ(static_cast<char>(tensor.view.data[0]), 'x');
  }
}

TEST(Checklist, Point5AlignmentOfAnotherTypeIsRefused) {
  GgufImage image = with_tensor({});
  image.keys = {encoded_key("general.alignment", kString, encoded_text("32"))};
  expect_gguf_refused(image.bytes(), {"general.alignment", "found string '32'"});
}

TEST(Checklist, Point6TensorsLieInsideTheFile) {
  expect_gguf_refused(with_tensor({.offset = 32}).bytes(), {"'t'", "cut short"});
  expect_gguf_refused(with_tensor({.dims = {9}}).bytes(), {"'t'", "cut short"});
  expect_gguf_refused(with_tensor({}, 31).bytes(), {"'t'", "found 32 bytes at offset 0"});
  expect_gguf_refused(with_tensor({}, 0).bytes(), {"'t'"});
}

TEST(Checklist, Point6OffsetsAreAligned) {
  expect_gguf_refused(with_tensor({.offset = 8}, 64).bytes(), {"offset of 8", "alignment, 32"});
}

TEST(Checklist, Point6TensorsDoNotOverlap) {
  expect_gguf_refused(with_two_tensors({.name = "a"}, {.name = "b"}).bytes(),
                      {"'a'", "'b'", "ends"});
  expect_gguf_refused(
      with_two_tensors({.name = "a", .dims = {9}}, {.name = "b", .offset = 32}).bytes(),
      {"tensor 'b'", "'a' ends"});
  expect_gguf_refused(
      with_two_tensors({.name = "a", .offset = 32}, {.name = "b", .dims = {16}}).bytes(),
      {"tensor 'a'", "'b' ends"});
  const Opened apart =
      open_gguf(with_two_tensors({.name = "a", .offset = 32}, {.name = "b", .dims = {8}}).bytes());
  EXPECT_TRUE(apart.catalog.ok()) << apart.catalog.status().message();
}

TEST(Checklist, Point7KeysAndTensorNamesStandOnce) {
  GgufImage image;
  image.keys = {encoded_key("a.key", kU32, le<uint32_t>(1)), encoded_key("b", kU8, "x"),
                encoded_key("a.key", kU8, "y")};
  expect_gguf_refused(image.bytes(), {"'a.key'", "second time"});
  expect_gguf_refused(with_two_tensors({.name = "same"}, {.name = "same", .offset = 32}).bytes(),
                      {"'same'", "second time"});
}

TEST(Checklist, Point7NamesAreNeitherEmptyNorHuge) {
  expect_gguf_refused(with_key(encoded_key("", kU32, le<uint32_t>(1)) + "x").bytes(),
                      {"key", "found 0 bytes"});
  expect_gguf_refused(with_key(encoded_key(std::string(65536, 'k'), kU32, le<uint32_t>(1))).bytes(),
                      {"found 65536 bytes", "65535"});
  expect_gguf_refused(with_tensor({.name = ""}).bytes(), {"tensor name", "found 0 bytes"});
  const Opened longest =
      open_gguf(with_key(encoded_key(std::string(65535, 'k'), kU32, le<uint32_t>(1))).bytes());
  EXPECT_TRUE(longest.catalog.ok()) << longest.catalog.status().message();
}

TEST(Checklist, Point8ArraysDoNotNest) {
  std::string nested = encoded_array(kU8, 1, "x");
  for (int depth = 0; depth < 50; ++depth) nested = encoded_array(kArray, 1, nested);
  const Opened opened = open_gguf(with_key(encoded_key("k", kArray, nested)).bytes());
  ASSERT_FALSE(opened.catalog.ok());
  EXPECT_EQ(opened.catalog.status().code(), StatusCode::unsupported);
  expect_refusal(opened.catalog.status(), {"'k'", "array of arrays"});
}

}  // namespace
}  // namespace cria::file::testing
