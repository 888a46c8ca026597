#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "file/gguf_image.h"
#include "file/llama2c_image.h"
#include "file/refusal.h"
#include "support/shared_data.h"

namespace cria::file::testing {
namespace {

using cria::testing::read_file;

float element(const TensorView& view, int64_t i) {
  float value = 0;
  if (view.dtype == DType::f32) {
    std::memcpy(&value, view.data + i * 4, sizeof value);
    return value;
  }
  EXPECT_EQ(view.dtype, DType::grouped_i8);
  std::memcpy(&value, view.scales + i / view.group_size * 4, sizeof value);
  return value * static_cast<float>(static_cast<int8_t>(view.data[i]));
}

float first_of(const Catalog& catalog, std::string_view name) {
  const NamedTensor* tensor = catalog.find_tensor(name);
  EXPECT_NE(tensor, nullptr) << name;
  return tensor == nullptr ? NAN : element(tensor->view, 0);
}

Llama2cImage image_of(int version, bool shared_classifier = true) {
  Llama2cImage image;
  image.version = version;
  image.shared_classifier = shared_classifier;
  return image;
}

TEST(Llama2cReader, ReadsLegacyTensorsInTheirOrder) {
  const Opened opened = open_llama2c(image_of(0, false).bytes());
  ASSERT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
  const Catalog& catalog = **opened.catalog;
  EXPECT_EQ(catalog.format, "llama2.c legacy");
  EXPECT_EQ(catalog.tensors.size(), 2 * 9 + 3u);
  // dim 8, hidden 12, 2 layers, key and value rows 4, 10 tokens, 6 positions of 4 / 2 angles.
  EXPECT_EQ(first_of(catalog, "token_embd.weight"), 0);
  EXPECT_EQ(first_of(catalog, "blk.0.attn_norm.weight"), 80);
  EXPECT_EQ(first_of(catalog, "blk.1.attn_norm.weight"), 88);
  EXPECT_EQ(first_of(catalog, "blk.0.attn_q.weight"), 96);
  EXPECT_EQ(first_of(catalog, "blk.0.attn_k.weight"), 224);
  EXPECT_EQ(first_of(catalog, "blk.1.attn_k.weight"), 256);
  EXPECT_EQ(first_of(catalog, "blk.0.attn_v.weight"), 288);
  EXPECT_EQ(first_of(catalog, "blk.0.attn_output.weight"), 352);
  EXPECT_EQ(first_of(catalog, "blk.0.ffn_norm.weight"), 480);
  EXPECT_EQ(first_of(catalog, "blk.0.ffn_gate.weight"), 496);
  EXPECT_EQ(first_of(catalog, "blk.0.ffn_down.weight"), 688);
  EXPECT_EQ(first_of(catalog, "blk.0.ffn_up.weight"), 880);
  EXPECT_EQ(first_of(catalog, "output_norm.weight"), 1072);
  EXPECT_EQ(first_of(catalog, "output.weight"), 1080 + 2 * 12);
  EXPECT_EQ(shape_text(catalog.find_tensor("blk.0.ffn_down.weight")->view), "[12, 8]");
  EXPECT_EQ(shape_text(catalog.find_tensor("blk.0.ffn_up.weight")->view), "[8, 12]");
  EXPECT_EQ(shape_text(catalog.find_tensor("blk.0.attn_k.weight")->view), "[8, 4]");
  EXPECT_EQ(shape_text(catalog.find_tensor("token_embd.weight")->view), "[8, 10]");
  EXPECT_EQ(shape_text(catalog.find_tensor("output_norm.weight")->view), "[8]");
}

TEST(Llama2cReader, ReadsVersion1TensorsInTheirOrder) {
  const Opened opened = open_llama2c(image_of(1, false).bytes());
  ASSERT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
  const Catalog& catalog = **opened.catalog;
  EXPECT_EQ(catalog.format, "llama2.c v1");
  EXPECT_EQ(first_of(catalog, "blk.0.attn_norm.weight"), 0);
  EXPECT_EQ(first_of(catalog, "blk.0.ffn_norm.weight"), 16);
  EXPECT_EQ(first_of(catalog, "output_norm.weight"), 32);
  EXPECT_EQ(first_of(catalog, "token_embd.weight"), 40);
  EXPECT_EQ(first_of(catalog, "blk.0.attn_q.weight"), 120);
  EXPECT_EQ(first_of(catalog, "blk.1.ffn_gate.weight"), 120 + 128 + 64 + 64 + 128 + 96);
  EXPECT_EQ(first_of(catalog, "output.weight"), 120 + 128 + 64 + 64 + 128 + 3 * 192);
}

TEST(Llama2cReader, ReadsVersion2WithItsScales) {
  const Opened opened = open_llama2c(image_of(2).bytes());
  ASSERT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
  const Catalog& catalog = **opened.catalog;
  EXPECT_EQ(catalog.format, "llama2.c v2");
  EXPECT_EQ(catalog.find_tensor("output.weight"), nullptr);
  EXPECT_EQ(catalog.find_tensor("output_norm.weight")->view.dtype, DType::f32);
  const TensorView& embedding = catalog.find_tensor("token_embd.weight")->view;
  EXPECT_EQ(embedding.group_size, 4);
  EXPECT_EQ(element(embedding, 0), 40 * 0.5f);
  EXPECT_EQ(element(embedding, 79), (119 % 100) * 19.5f);
  const TensorView& q1 = catalog.find_tensor("blk.1.attn_q.weight")->view;
  EXPECT_EQ(element(q1, 0), (184 % 100) * (20 + 16 + 0.5f));
}

TEST(Llama2cReader, GivesTheMetadataOfAGgufFile) {
  for (const int version : {0, 1, 2}) {
    const Opened opened = open_llama2c(image_of(version).bytes());
    ASSERT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
    const Catalog& catalog = **opened.catalog;
    const struct {
      const char* key;
      uint32_t value;
    } rows[] = {{"llama.context_length", 6},       {"llama.embedding_length", 8},
                {"llama.block_count", 2},          {"llama.feed_forward_length", 12},
                {"llama.attention.head_count", 2}, {"llama.attention.head_count_kv", 1},
                {"llama.rope.dimension_count", 4}, {"llama.vocab_size", 10}};
    for (const auto& row : rows) {
      uint32_t value = 0;
      EXPECT_TRUE(catalog.get(row.key, value).ok());
      EXPECT_EQ(value, row.value) << row.key;
    }
    float epsilon = 0, base = 0;
    EXPECT_TRUE(catalog.get("llama.attention.layer_norm_rms_epsilon", epsilon).ok());
    EXPECT_TRUE(catalog.get("llama.rope.freq_base", base).ok());
    EXPECT_EQ(epsilon, 1e-5f);
    EXPECT_EQ(base, 10000.0f);
    std::string_view architecture;
    EXPECT_TRUE(catalog.get("general.architecture", architecture).ok());
    EXPECT_EQ(architecture, "llama");
  }
}

TEST(Llama2cReader, RefusesEveryVersionCutAtEachByte) {
  for (const int version : {0, 1, 2}) {
    const std::string file = image_of(version, version != 1).bytes();
    for (size_t n = 0; n < file.size(); ++n) {
      SCOPED_TRACE(n);
      expect_llama2c_refused(std::string_view(file).substr(0, n));
      if (HasFailure()) return;
    }
  }
}

TEST(Llama2cReader, RefusesTrailingBytesNamingBothSizes) {
  for (const int version : {0, 1, 2}) {
    const std::string file = image_of(version).bytes();
    expect_llama2c_refused(file + "x", {str_cat("found a file of ", file.size() + 1),
                                        str_cat("expected ", file.size())});
  }
}

TEST(Llama2cReader, RefusesAHeaderThatContradictsItself) {
  const struct {
    int32_t Llama2cImage::*field;
    int32_t value;
    std::string_view name;
  } rows[] = {{&Llama2cImage::dim, 0, "dim"},
              {&Llama2cImage::dim, -8, "dim"},
              {&Llama2cImage::hidden_dim, 0, "hidden_dim"},
              {&Llama2cImage::n_layers, 0, "n_layers"},
              {&Llama2cImage::n_layers, INT32_MAX, "n_layers"},
              {&Llama2cImage::n_heads, 0, "n_heads"},
              {&Llama2cImage::n_heads, 3, "n_heads"},
              {&Llama2cImage::n_heads, 8, "n_heads"},  // heads of one value: no pair to rotate
              {&Llama2cImage::n_kv_heads, 0, "n_kv_heads"},
              {&Llama2cImage::n_kv_heads, 3, "n_kv_heads"},
              {&Llama2cImage::vocab_size, 0, "vocab_size"},
              {&Llama2cImage::seq_len, 0, "seq_len"},
              {&Llama2cImage::seq_len, INT32_MIN, "seq_len"},
              {&Llama2cImage::vocab_size, INT32_MAX, ""},
              {&Llama2cImage::vocab_size, INT32_MIN, ""},
              {&Llama2cImage::dim, INT32_MAX - 1, ""},
              {&Llama2cImage::hidden_dim, INT32_MAX, ""},
              {&Llama2cImage::seq_len, INT32_MAX, ""}};
  for (const int version : {0, 1, 2}) {
    for (const auto& row : rows) {
      if (version == 1 && row.value == INT32_MAX && row.field == &Llama2cImage::seq_len) continue;
      if (version == 2 && row.value == INT32_MAX && row.field == &Llama2cImage::seq_len) continue;
      const Llama2cImage good = image_of(version);
      std::string file = good.bytes();
      static constexpr int32_t Llama2cImage::*kOrder[] = {
          &Llama2cImage::dim,     &Llama2cImage::hidden_dim, &Llama2cImage::n_layers,
          &Llama2cImage::n_heads, &Llama2cImage::n_kv_heads, &Llama2cImage::vocab_size,
          &Llama2cImage::seq_len};
      const auto at = std::find(std::begin(kOrder), std::end(kOrder), row.field);
      const auto i = static_cast<size_t>(at - std::begin(kOrder));
      file.replace((version == 0 ? 0 : 8) + i * 4, 4, le(row.value));
      SCOPED_TRACE(std::string(row.name) + " " + std::to_string(row.value));
      expect_llama2c_refused(file, {row.name});
    }
  }
}

TEST(Llama2cReader, RefusesOtherVersionsAndFlags) {
  for (const int32_t version : {0, 3, -1}) {
    std::string file = image_of(1).bytes();
    file.replace(4, 4, le(version));
    const Opened opened = open_llama2c(file);
    ASSERT_FALSE(opened.catalog.ok());
    EXPECT_EQ(opened.catalog.status().code(), StatusCode::unsupported);
    expect_refusal(opened.catalog.status(), {"version", std::to_string(version)});
  }
  std::string file = image_of(1).bytes();
  file[36] = 2;
  expect_llama2c_refused(file, {"shared_classifier", "found 2"});
}

TEST(Llama2cReader, TakesAnyGroupSizeThatDividesEachTensor) {
  for (const int32_t group_size : {1, 2, 4, 8, 16}) {
    Llama2cImage image = image_of(2);
    image.group_size = group_size;
    const Opened opened = open_llama2c(image.bytes());
    EXPECT_TRUE(opened.catalog.ok()) << opened.catalog.status().message();
  }
  for (const int32_t group_size : {0, -4, 3, 64, INT32_MAX}) {
    std::string file = image_of(2).bytes();
    file.replace(37, 4, le(group_size));
    expect_llama2c_refused(file, {"group"});
  }
}

TEST(Llama2cReader, RefusesRandomBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string file(random() % 300, '\0');
    // Small numbers now and then, so that headers get past the first checks.
    for (char& c : file) c = static_cast<char>(random() % 4 == 0 ? random() : random() % 2);
    expect_llama2c_refused(file);
  }
}

struct Pair {
  std::string checkpoint;
  std::string gguf;
  double tolerance;
};

class SameModel : public ::testing::TestWithParam<Pair> {};

TEST_P(SameModel, HasTheTensorsOfItsGgufFile) {
  CRIA_SHARED_FILE(models, "models/");
  const Opened ours = open_llama2c(read_file(models + GetParam().checkpoint));
  const Opened theirs = open_gguf(read_file(models + GetParam().gguf));
  ASSERT_TRUE(ours.catalog.ok()) << ours.catalog.status().message();
  ASSERT_TRUE(theirs.catalog.ok()) << theirs.catalog.status().message();
  size_t n_compared = 0;
  for (const NamedTensor& expected : (*theirs.catalog)->tensors) {
    SCOPED_TRACE(expected.name);
    // The GGUF has the shared classifier as a tensor of its own.
    const bool is_classifier = expected.name == "output.weight";
    const NamedTensor* found =
        (*ours.catalog)->find_tensor(is_classifier ? "token_embd.weight" : expected.name);
    ASSERT_NE(found, nullptr);
    ASSERT_EQ(shape_text(found->view), shape_text(expected.view));
    double worst = 0;
    for (int64_t i = 0; i < expected.view.n_elems(); ++i) {
      const double difference = element(found->view, i) - element(expected.view, i);
      worst = std::max(worst, std::fabs(difference));
    }
    EXPECT_LE(worst, GetParam().tolerance);
    ++n_compared;
  }
  EXPECT_GE(n_compared, (*ours.catalog)->tensors.size());
}

// 8 bits of a group's largest value, which is below 4: half a step is 4 / 127 / 2.
INSTANTIATE_TEST_SUITE_P(Stories, SameModel,
                         ::testing::Values(Pair{"stories260K.bin", "stories260K-f32.gguf", 0.0},
                                           Pair{"stories260K-q8.bin", "stories260K-f32.gguf",
                                                0.016}),
                         [](const auto& test) {
                           return test.param.tolerance == 0.0 ? std::string("fp32")
                                                              : std::string("int8");
                         });

TEST(Llama2cReader, HasTheHyperparametersOfTheGgufOfTheSameModel) {
  CRIA_SHARED_FILE(models, "models/");
  const Opened ours = open_llama2c(read_file(models + "stories260K.bin"));
  const Opened theirs = open_gguf(read_file(models + "stories260K-f32.gguf"));
  ASSERT_TRUE(ours.catalog.ok() && theirs.catalog.ok());
  int n_compared = 0;
  for (const auto& [key, expected] : (*theirs.catalog)->metadata) {
    if (!key.starts_with("llama.")) continue;
    const MetaValue* found = (*ours.catalog)->find(key);
    ASSERT_NE(found, nullptr) << key;
    EXPECT_EQ(found->type, expected.type) << key;
    if (expected.type == MetaType::u32) {
      EXPECT_EQ(std::get<uint64_t>(found->value), std::get<uint64_t>(expected.value)) << key;
    } else {
      EXPECT_EQ(std::get<double>(found->value), std::get<double>(expected.value)) << key;
    }
    ++n_compared;
  }
  EXPECT_EQ(n_compared, 9);
}

TEST(Llama2cReader, RefusesRealCheckpointsCutAroundEachTensor) {
  CRIA_SHARED_FILE(models, "models/");
  for (const char* name : {"stories260K.bin", "stories260K-q8.bin"}) {
    const std::string file = read_file(models + name);
    const Opened whole = open_llama2c(file);
    ASSERT_TRUE(whole.catalog.ok()) << whole.catalog.status().message();
    for (const NamedTensor& tensor : (*whole.catalog)->tensors) {
      const auto data_end = tensor.file_offset + tensor.view.size_bytes;
      for (const uint64_t edge : {tensor.file_offset, data_end}) {
        for (const uint64_t n : {edge - 1, edge, edge + 1}) {
          if (n < file.size()) expect_llama2c_refused(std::string_view(file).substr(0, n));
        }
      }
    }
    for (size_t n = 0; n < 300; ++n) expect_llama2c_refused(std::string_view(file).substr(0, n));
  }
}

}  // namespace
}  // namespace cria::file::testing
