#include "house/al.h"

#include <array>

namespace cria::house {
namespace {

constexpr std::array kTurnSymbols = {"<|system|>", "<|user|>", "<|assistant|>"};

}  // namespace

bool is_al(const Model& model) {
  const Tokenizer& tokenizer = model.tokenizer();
  if (model.info().name != "Al") return false;
  for (const char* symbol : kTurnSymbols) {
    if (tokenizer.find_piece(symbol) < 0) return false;
  }
  const TokenId end = tokenizer.find_piece("<|end|>");
  return end >= 0 && tokenizer.is_stop(end);
}

}  // namespace cria::house
