#include "model/config.h"

#include <gtest/gtest.h>

#include <cmath>

#include "file/gguf_writer.h"
#include "file/readers.h"
#include "support/shared_data.h"

namespace cria::model {
namespace {

// Writes a file with a token embedding and the keys that `change` leaves or alters.
struct Keys {
  std::string architecture = "llama";
  uint32_t n_layers = 2, d_model = 64, d_ff = 96, n_heads = 4, n_kv_heads = 2, n_ctx = 128;
  std::vector<std::pair<std::string, uint32_t>> more;
  std::vector<std::pair<std::string, float>> more_real;
  std::string scaling;
  std::string leave_out;
};

Result<Config> read(const Keys& keys) {
  file::GgufWriter writer;
  writer.add_string("general.architecture", keys.architecture);
  const std::string prefix = keys.architecture + ".";
  const auto u32 = [&](const std::string& key, uint32_t value) {
    if (key != keys.leave_out) writer.add_u32(prefix + key, value);
  };
  u32("block_count", keys.n_layers);
  u32("embedding_length", keys.d_model);
  u32("feed_forward_length", keys.d_ff);
  u32("attention.head_count", keys.n_heads);
  u32("attention.head_count_kv", keys.n_kv_heads);
  u32("context_length", keys.n_ctx);
  for (const auto& [key, value] : keys.more) u32(key, value);
  for (const auto& [key, value] : keys.more_real) writer.add_f32(prefix + key, value);
  if (!keys.scaling.empty()) writer.add_string(prefix + "rope.scaling.type", keys.scaling);
  EXPECT_TRUE(writer.add_tensor("token_embd.weight", DType::f32, {64, 10}).ok());
  const std::string path = testing::temporary_dir() + "/config.gguf";
  const std::string zeros(64 * 10 * 4, '\0');
  EXPECT_TRUE(
      writer.write(path, [&](size_t, file::GgufWriter::Sink sink) { return sink(as_bytes(zeros)); })
          .ok());
  const auto catalog = file::open_catalog(path, "");
  EXPECT_TRUE(catalog.ok()) << catalog.status().message();
  return read_config(**catalog);
}

void expect_refused(const Keys& keys, StatusCode code, const std::string& part) {
  const auto config = read(keys);
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.status().code(), code) << config.status().message();
  EXPECT_NE(config.status().message().find(part), std::string::npos) << config.status().message();
  EXPECT_NE(config.status().message().find("config.gguf"), std::string::npos);
}

TEST(Config, ReadsSizesAndDefaults) {
  const auto config = read({});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->n_layers, 2);
  EXPECT_EQ(config->head_dim, 16);
  EXPECT_EQ(config->n_kv_heads, 2);
  EXPECT_EQ(config->n_vocab, 10);
  EXPECT_EQ(config->rope.n_rot, 16);
  EXPECT_EQ(config->rope.base, 10000);
  EXPECT_EQ(config->sliding_window, 0);
}

TEST(Config, RefusesAnUnknownArchitectureByName) {
  expect_refused({.architecture = "mamba"}, StatusCode::unsupported, "'mamba'");
}

TEST(Config, RefusesMissingKeys) {
  for (const char* key : {"block_count", "embedding_length", "feed_forward_length",
                          "attention.head_count", "context_length"}) {
    expect_refused({.leave_out = key}, StatusCode::corrupt, key);
  }
}

TEST(Config, RefusesImpossibleSizes) {
  expect_refused({.n_layers = 0}, StatusCode::corrupt, "block_count: found 0");
  expect_refused({.n_layers = 4000000000u}, StatusCode::corrupt, "found 4000000000");
  expect_refused({.d_model = 63}, StatusCode::corrupt, "embedding_length is 63");
  expect_refused({.n_heads = 4, .n_kv_heads = 3}, StatusCode::corrupt, "multiple");
  expect_refused({.n_heads = 0}, StatusCode::corrupt, "head_count");
  expect_refused({.more = {{"rope.dimension_count", 15}}}, StatusCode::corrupt, "15");
  expect_refused({.more = {{"rope.dimension_count", 32}}}, StatusCode::corrupt, "32");
}

TEST(Config, RefusesRealNumbersThatAreNone) {
  expect_refused({.more_real = {{"rope.freq_base", NAN}}}, StatusCode::corrupt, "freq_base");
  expect_refused({.more_real = {{"rope.freq_base", 0}}}, StatusCode::corrupt, "freq_base");
  expect_refused({.more_real = {{"attention.layer_norm_rms_epsilon", -1}}}, StatusCode::corrupt,
                 "epsilon");
}

TEST(Config, RefusesWhatTheForwardPassWouldIgnore) {
  expect_refused({.more = {{"expert_count", 8}}}, StatusCode::unsupported, "expert");
  expect_refused({.more_real = {{"logit_scale", 2}}}, StatusCode::unsupported, "logit_scale");
  expect_refused({.more = {{"attention.value_length", 8}}}, StatusCode::unsupported,
                 "value_length");
}

TEST(Config, KnowsTheRopeScalings) {
  EXPECT_EQ(read({.scaling = "none"})->rope.scaling, ops::RopeScaling::none);
  EXPECT_EQ(read({.scaling = "llama3"})->rope.scaling, ops::RopeScaling::none);
  EXPECT_TRUE(read({.scaling = "llama3"})->rope.expects_divisors);
  EXPECT_EQ(read({.more_real = {{"rope.scaling.factor", 2}}, .scaling = "linear"})->rope.factor, 2);
  EXPECT_EQ(read({.more_real = {{"rope.scale_linear", 8}}})->rope.scaling,
            ops::RopeScaling::linear);
  EXPECT_EQ(read({.more_real = {{"rope.scaling.factor", 3}}})->rope.scaling,
            ops::RopeScaling::linear);
  EXPECT_EQ(read({.more_real = {{"rope.scaling.factor", 0}}, .scaling = "linear"})->rope.factor, 1);
  EXPECT_EQ(read({.scaling = "yarn"})->rope.n_ctx_original, 128);
  expect_refused({.more = {{"attention.sliding_window_pattern", 4}}}, StatusCode::unsupported,
                 "sliding_window_pattern");
  expect_refused({.scaling = "longrope"}, StatusCode::unsupported, "'longrope'");
}

TEST(Config, ReadsHeadsWiderThanTheModelAndAWindow) {
  const auto config = read({.more = {{"attention.key_length", 32},
                                     {"attention.value_length", 32},
                                     {"attention.sliding_window", 77}}});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->head_dim, 32);
  EXPECT_EQ(config->sliding_window, 77);
}

}  // namespace
}  // namespace cria::model
