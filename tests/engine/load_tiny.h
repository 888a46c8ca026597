// A tiny model as the engine gets it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"
#include "support/shared_data.h"
#include "support/tiny_model.h"

namespace cria::engine {

inline std::shared_ptr<const model::Model> load_tiny(const testing::TinyModel& tiny,
                                                     std::string_view isa = "") {
  const std::string path = testing::temporary_dir() + "/model.gguf";
  testing::write_tiny_model(tiny, path);
  auto loaded =
      model::load(path, {.tokenizer_path = "", .isa = std::string(isa), .on_progress = {}});
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  return *loaded;
}

// Tokens that stand for a text; others for other seeds.
inline std::vector<TokenId> text_of(int n, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens;
  for (int i = 0; i < n; ++i) {
    tokens.push_back(3 + static_cast<TokenId>(random() % 200));  // bytes: no end of text
  }
  return tokens;
}

inline bool same(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace cria::engine
