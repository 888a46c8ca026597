// A tiny model as the engine gets it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

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

}  // namespace cria::engine
