// Point 10 of the checklist: tensor shapes equal what the hyperparameters imply.
#include "model/weights.h"

#include <gtest/gtest.h>

#include "file/readers.h"
#include "model/model.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria::model {
namespace {

// A tiny model's file, with one text in it replaced by another of the same length.
Result<Checked> check_altered(const std::string& from, const std::string& to) {
  const std::string path = testing::temporary_dir() + "/altered.gguf";
  testing::write_tiny_model({}, path);
  std::string bytes = testing::read_file(path);
  const size_t at = bytes.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  EXPECT_EQ(from.size(), to.size());
  bytes.replace(at, from.size(), to);
  testing::write_file(path, bytes);
  const auto catalog = file::open_catalog(path, "");
  if (!catalog.ok()) return catalog.status();
  return check(**catalog, "");
}

void expect_refused(const Result<Checked>& checked, StatusCode code, const std::string& part) {
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.status().code(), code) << checked.status().message();
  EXPECT_NE(checked.status().message().find(part), std::string::npos) << checked.status().message();
}

TEST(Weights, BindsAllTensorsOfATinyModel) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model({}, path);
  const auto catalog = file::open_catalog(path, "");
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  const auto checked = check(**catalog, "");
  ASSERT_TRUE(checked.ok()) << checked.status().message();
  EXPECT_TRUE(checked->weights.tied_output);
  EXPECT_EQ(checked->weights.layers.size(), 2u);
  int64_t n_params = 0;
  for (const auto& tensor : (*catalog)->tensors) n_params += tensor.view.n_elems();
  EXPECT_EQ(checked->weights.n_params, n_params);
}

TEST(Weights, RefusesAMissingTensorByName) {
  expect_refused(check_altered("blk.1.ffn_up.weight", "blk.1.ffn_no.weight"), StatusCode::corrupt,
                 "blk.1.ffn_up.weight: found nothing");
}

TEST(Weights, RefusesATensorThatWouldBeIgnored) {
  // The norm of an unknown extra block: all expected tensors are there, one is left over.
  const std::string path = testing::temporary_dir() + "/extra.gguf";
  testing::TinyModel tiny;
  tiny.n_layers = 3;
  testing::write_tiny_model(tiny, path);
  std::string bytes = testing::read_file(path);
  const std::string key = "llama.block_count";
  const size_t at = bytes.find(key) + key.size() + 4;
  bytes[at] = 2;
  testing::write_file(path, bytes);
  const auto catalog = file::open_catalog(path, "");
  ASSERT_TRUE(catalog.ok());
  expect_refused(check(**catalog, ""), StatusCode::unsupported, "blk.2.");
}

TEST(Weights, RefusesShapesThatContradictTheHyperparameters) {
  for (const char* key :
       {"llama.feed_forward_length", "llama.attention.head_count_kv", "llama.embedding_length"}) {
    const std::string path = testing::temporary_dir() + "/shape.gguf";
    testing::write_tiny_model({}, path);
    std::string bytes = testing::read_file(path);
    const size_t at = bytes.find(key) + std::string(key).size() + 4;
    bytes[at] = static_cast<char>(bytes[at] == 2 ? 1 : bytes[at] / 2);
    testing::write_file(path, bytes);
    const auto catalog = file::open_catalog(path, "");
    ASSERT_TRUE(catalog.ok());
    const auto checked = check(**catalog, "");
    ASSERT_FALSE(checked.ok()) << key;
    EXPECT_NE(checked.status().message().find("found shape"), std::string::npos)
        << checked.status().message();
    EXPECT_NE(checked.status().message().find("at byte"), std::string::npos);
  }
}

TEST(Weights, RefusesLlama3ScalingWithoutItsTensor) {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::TinyModel tiny;
  tiny.rope_scaling = "llama3";
  testing::write_tiny_model(tiny, path);
  const auto catalog = file::open_catalog(path, "");
  ASSERT_TRUE(catalog.ok());
  expect_refused(check(**catalog, ""), StatusCode::unsupported, "rope_freqs.weight");
}

TEST(Weights, RefusesABlockCountWithoutBlocks) {
  const std::string path = testing::temporary_dir() + "/blocks.gguf";
  testing::write_tiny_model({}, path);
  std::string bytes = testing::read_file(path);
  const std::string key = "llama.block_count";
  bytes[bytes.find(key) + key.size() + 5] = 8;  // 2 + 8 * 256
  testing::write_file(path, bytes);
  const auto catalog = file::open_catalog(path, "");
  ASSERT_TRUE(catalog.ok());
  expect_refused(check(**catalog, ""), StatusCode::corrupt, "block_count is 2050");
}

}  // namespace
}  // namespace cria::model
