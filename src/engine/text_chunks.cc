#include "engine/text_chunks.h"

#include <algorithm>
#include <cmath>

#include "base/str_cat.h"

namespace cria::engine {
namespace {

constexpr int kMinTokens = 4;  // one more than a prediction with a token before it needs

}  // namespace

std::vector<TokenId> TextChunks::chunk(int i) const {
  const auto begin = tokens.begin() + static_cast<ptrdiff_t>(i) * n_ctx;
  std::vector<TokenId> out(begin, begin + n_ctx);
  if (bos >= 0) out[0] = bos;
  return out;
}

Result<TextChunks> chunk_text(const model::Vocabulary& vocabulary, std::string_view text,
                              int n_ctx) {
  if (n_ctx < kMinTokens) {
    return invalid_argument("n_ctx: found ", n_ctx, ", expected at least ", kMinTokens);
  }
  const text::Tokenizer& tokenizer = *vocabulary.tokenizer;
  const text::SpecialTokens& special = tokenizer.special();
  TextChunks chunks;
  CRIA_RETURN_IF_ERROR(tokenizer.encode(text, {.add_special = true}, chunks.tokens));
  if (special.add_eos && !chunks.tokens.empty() && chunks.tokens.back() == special.eos) {
    chunks.tokens.pop_back();  // of the text, which is no whole document
  }
  if (chunks.tokens.size() < kMinTokens) {
    return invalid_argument("text: found ", chunks.tokens.size(), " tokens, expected at least ",
                            kMinTokens);
  }
  if (chunks.tokens.size() > static_cast<size_t>(INT32_MAX)) {
    return invalid_argument("text: found ", chunks.tokens.size(), " tokens, expected at most ",
                            INT32_MAX);
  }
  chunks.n_ctx = std::min(n_ctx, static_cast<int>(chunks.tokens.size()));
  if (special.add_bos) chunks.bos = special.bos;
  return chunks;
}

Result<ChunkLogits> ChunkLogits::create(std::shared_ptr<const model::Model> model, int n_ctx,
                                        int n_threads, KvType k_type, KvType v_type) {
  ChunkLogits out;
  const auto n_vocab = static_cast<size_t>(model->config.n_vocab);
  auto sequence = Sequence::create(
      std::move(model),
      {.n_ctx = n_ctx, .n_threads = n_threads, .n_chunk = 256, .k_type = k_type, .v_type = v_type});
  if (!sequence.ok()) return sequence.status();
  out.sequence_ = std::move(*sequence);
  out.logits_.resize(static_cast<size_t>(std::min<int64_t>(kPiece, n_ctx)) * n_vocab);
  return out;
}

Status ChunkLogits::start(std::span<const TokenId> before_first) {
  CRIA_RETURN_IF_ERROR(sequence_->rewind(0));
  if (before_first.empty()) return {};
  return sequence_->eval(before_first, {.should_cancel = &should_cancel, .observe = &observe});
}

Status ChunkLogits::next(std::span<const TokenId> tokens) {
  const auto n_vocab = static_cast<size_t>(sequence_->model().config.n_vocab);
  const std::span<float> logits = std::span(logits_).first(tokens.size() * n_vocab);
  CRIA_RETURN_IF_ERROR(sequence_->eval(
      tokens, {.should_cancel = &should_cancel, .all_logits = logits, .observe = &observe}));
  for (size_t i = 0; i < logits.size(); ++i) {
    if (std::isfinite(logits[i])) continue;
    return corrupt(sequence_->model().path, ": found ", logits[i], " as a logit of token ",
                   i % n_vocab, ", expected a finite number; the model is broken");
  }
  return {};
}

std::span<const float> ChunkLogits::row(int64_t i) const {
  const auto n_vocab = static_cast<size_t>(sequence_->model().config.n_vocab);
  return std::span(logits_).subspan(static_cast<size_t>(i) * n_vocab, n_vocab);
}

}  // namespace cria::engine
