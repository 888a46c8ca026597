#include "file/catalog.h"

#include <gtest/gtest.h>

#include <cmath>

#include "file/gguf_image.h"
#include "file/refusal.h"

namespace cria::file::testing {
namespace {

class CatalogGet : public ::testing::Test {
 protected:
  const Catalog& catalog() const { return **opened_.catalog; }
  Opened opened_ = open_gguf(valid_image().bytes());
};

TEST_F(CatalogGet, TakesIntegersOfAnyWidthThatFit) {
  uint32_t u = 1;
  int32_t i = 1;
  EXPECT_TRUE(catalog().get("u8", u).ok());
  EXPECT_EQ(u, 200u);
  EXPECT_TRUE(catalog().get("u32", u).ok());
  EXPECT_EQ(u, 4000000000u);
  EXPECT_TRUE(catalog().get("u16", i).ok());
  EXPECT_EQ(i, 60000);
  EXPECT_TRUE(catalog().get("i32", i).ok());
  EXPECT_EQ(i, -2000000000);
}

TEST_F(CatalogGet, RefusesIntegersThatDoNotFitAndLeavesTheOutputAlone) {
  uint32_t u = 7;
  int32_t i = 7;
  expect_refusal(catalog().get("i8", u), {"'i8'", "found i8 -100", "0 to 4294967295"});
  expect_refusal(catalog().get("u64", u), {"u64 9223372036854775808"});
  expect_refusal(catalog().get("u32", i), {"u32 4000000000", "2147483647"});
  expect_refusal(catalog().get("i64", i), {"i64 -9223372036854775808"});
  EXPECT_EQ(u, 7u);
  EXPECT_EQ(i, 7);
}

TEST_F(CatalogGet, RefusesValuesOfAnotherTypeNamingBoth) {
  uint32_t u = 7;
  float f = 7;
  bool b = true;
  std::string_view text = "before";
  expect_refusal(catalog().get("f32", u), {"'f32'", "found f32"});
  expect_refusal(catalog().get("bool", u), {"found bool true"});
  expect_refusal(catalog().get("u32", f), {"expected an f32"});
  expect_refusal(catalog().get("u8", b), {"expected a bool"});
  expect_refusal(catalog().get("texts", text), {"found array of 3 string", "expected a string"});
  expect_refusal(catalog().get("general.architecture", b), {"found string 'llama'"});
  EXPECT_EQ(text, "before");
}

TEST_F(CatalogGet, ReadsFloatsBoolsAndTexts) {
  float f = 0;
  bool b = false;
  std::string_view text;
  EXPECT_TRUE(catalog().get("f32", f).ok());
  EXPECT_EQ(f, 0.5f);
  EXPECT_TRUE(catalog().get("f64", f).ok());
  EXPECT_EQ(f, -0.25f);
  EXPECT_TRUE(catalog().get("bool", b).ok());
  EXPECT_TRUE(b);
  EXPECT_TRUE(catalog().get("general.architecture", text).ok());
  EXPECT_EQ(text, "llama");
}

TEST_F(CatalogGet, ReadsArrays) {
  std::vector<std::string_view> texts;
  std::vector<float> floats;
  std::vector<int32_t> ids, none = {1};
  ASSERT_TRUE(catalog().get("texts", texts).ok());
  EXPECT_EQ(texts, (std::vector<std::string_view>{"a", "", "b c"}));
  ASSERT_TRUE(catalog().get("floats", floats).ok());
  EXPECT_EQ(floats, (std::vector<float>{1.5f, -2.0f}));
  ASSERT_TRUE(catalog().get("ids", ids).ok());
  EXPECT_EQ(ids, (std::vector<int32_t>{-7, 9}));
  ASSERT_TRUE(catalog().get("none", none).ok());
  EXPECT_TRUE(none.empty());
}

TEST_F(CatalogGet, RefusesArraysOfAnotherElementType) {
  std::vector<std::string_view> texts;
  std::vector<float> floats = {3};
  std::vector<int32_t> ids;
  expect_refusal(catalog().get("floats", texts), {"found f32", "expected string"});
  expect_refusal(catalog().get("ids", floats), {"element 0", "expected f32"});
  expect_refusal(catalog().get("flags", ids), {"bool false"});
  expect_refusal(catalog().get("u8", ids), {"expected an array of i32"});
  EXPECT_EQ(floats, (std::vector<float>{3}));
}

TEST_F(CatalogGet, LeavesTheOutputAloneWhereTheKeyIsAbsent) {
  uint32_t u = 7;
  std::vector<float> floats = {3};
  EXPECT_TRUE(catalog().get("absent", u).ok());
  EXPECT_TRUE(catalog().get("absent", floats).ok());
  EXPECT_EQ(u, 7u);
  EXPECT_EQ(floats.size(), 1u);
}

TEST(Catalog, RefusesADoubleThatNoFloatHolds) {
  GgufImage image;
  image.keys = {encoded_key("big", kF64, le(1e300)),
                encoded_key("inf", kF64, le(double{INFINITY}))};
  const Opened opened = open_gguf(image.bytes());
  ASSERT_TRUE(opened.catalog.ok());
  float f = 0;
  expect_refusal((*opened.catalog)->get("big", f), {"'big'"});
  EXPECT_TRUE((*opened.catalog)->get("inf", f).ok());
  EXPECT_TRUE(std::isinf(f));
}

TEST(Catalog, FindsEveryOneOfManyKeysAndTensors) {
  GgufImage image;
  for (uint32_t i = 0; i < 500; ++i) {
    const std::string name = str_cat("n", i * 7919 % 500);
    image.keys.push_back(encoded_key(name, kU32, le(i)));
    image.tensors.push_back(encoded({.name = name, .offset = i * 32}));
  }
  image.data.assign(500 * 32, '\0');
  const Opened opened = open_gguf(image.bytes());
  ASSERT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
  const Catalog& catalog = **opened.catalog;
  for (const auto& [key, value] : catalog.metadata) EXPECT_EQ(catalog.find(key), &value);
  for (const NamedTensor& tensor : catalog.tensors) {
    EXPECT_EQ(catalog.find_tensor(tensor.name), &tensor);
  }
  EXPECT_EQ(catalog.find("n500"), nullptr);
  EXPECT_EQ(catalog.find(""), nullptr);
}

TEST(Catalog, KeepsWhatItIsGiven) {
  Catalog catalog;
  std::vector<std::string_view> views;
  for (int i = 0; i < 100; ++i) views.push_back(catalog.own(str_cat("s", i)));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(views[static_cast<size_t>(i)], str_cat("s", i));
  }
}

}  // namespace
}  // namespace cria::file::testing
