// What the public handles hold.
#pragma once

#include <memory>
#include <optional>

#include "api/planner.h"
#include "cria/model.h"
#include "cria/session.h"
#include "cria/tokenizer.h"
#include "engine/sequence.h"
#include "engine/speculate.h"
#include "model/model.h"

namespace cria {

struct Tokenizer::Impl {
  std::shared_ptr<const model::Vocabulary> vocabulary;
};

struct Model::Impl {
  std::shared_ptr<const model::Model> model;
  ModelInfo info;
  Tokenizer tokenizer;
  std::optional<api::BudgetedModel> budgeted;  // with a memory budget only
};

struct Session::Impl {
  std::unique_ptr<engine::Sequence> sequence;
  std::unique_ptr<engine::Speculator> speculator;
};

namespace api {

// A conversation as text, by the named template or the vocabulary's own ("").
Result<std::string> render_chat(const model::Vocabulary& vocabulary,
                                const std::vector<ChatMessage>& messages,
                                bool add_generation_prompt, std::string_view template_name);
Result<std::shared_ptr<const text::ChatTemplate>> find_template(const model::Vocabulary& vocabulary,
                                                                std::string_view template_name);

}  // namespace api
}  // namespace cria
