// Importance: what the products of a model see while it reads a text.
#include "convert/importance.h"

#include <algorithm>
#include <map>
#include <memory>
#include <span>

#include "api/guard.h"
#include "api/impl.h"
#include "cria/quantize.h"
#include "engine/text_chunks.h"
#include "model/weights.h"

namespace cria {
namespace {

// Sums of squares by matrix, as an observer of products collects them.
class InputSquares {
 public:
  explicit InputSquares(const model::Weights& weights) {
    for (const model::NamedLinear& named : model::named_linears(weights)) {
      names_[named.linear] = named.name;
    }
  }

  void add(const model::Linear& linear, const float* x, int64_t n_tokens) {
    const int64_t n_cols = linear.weight.n_cols();
    convert::InputSums& sums = by_weight_[names_.at(&linear)];
    sums.squares.resize(static_cast<size_t>(n_cols));
    for (int64_t t = 0; t < n_tokens; ++t) {
      const float* row = x + t * n_cols;
      for (int64_t c = 0; c < n_cols; ++c) {
        const auto value = static_cast<double>(row[c]);
        sums.squares[static_cast<size_t>(c)] += value * value;
      }
    }
    sums.n_tokens += n_tokens;
  }

  std::map<std::string, convert::InputSums, std::less<>> take() { return std::move(by_weight_); }

 private:
  std::map<const model::Linear*, std::string> names_;
  std::map<std::string, convert::InputSums, std::less<>> by_weight_;
};

Status read_chunk(const std::vector<TokenId>& tokens, engine::ChunkLogits& logits) {
  CRIA_RETURN_IF_ERROR(logits.start({}));
  std::span<const TokenId> rest(tokens);
  while (!rest.empty()) {
    const auto piece = rest.first(std::min<size_t>(rest.size(), engine::ChunkLogits::kPiece));
    CRIA_RETURN_IF_ERROR(logits.next(piece));
    rest = rest.subspan(piece.size());
  }
  return {};
}

Result<ImportanceReport> measure(const std::shared_ptr<const model::Model>& model,
                                 std::string_view text, const std::string& out,
                                 const ImportanceOptions& options) {
  const auto chunks = engine::chunk_text(*model->vocabulary, text, options.n_ctx);
  if (!chunks.ok()) return chunks.status();
  auto logits = engine::ChunkLogits::create(model, chunks->n_ctx, options.n_threads);
  if (!logits.ok()) return logits.status();
  double share = 0;
  const auto report = [&] { return !options.on_progress || options.on_progress(share); };
  InputSquares squares(model->weights);
  logits->should_cancel = [&] { return !report(); };
  logits->observe = [&](const model::Linear& linear, const float* x, int64_t n_tokens) {
    squares.add(linear, x, n_tokens);
  };
  for (int i = 0; i < chunks->n_chunks(); ++i) {
    CRIA_RETURN_IF_ERROR(read_chunk(chunks->chunk(i), *logits));
    share = static_cast<double>(i + 1) / chunks->n_chunks();
    if (!report()) return Status(StatusCode::cancelled, "cancelled; nothing was written");
  }
  convert::ImportanceFile file = {.by_weight = squares.take(),
                                  .n_chunks = chunks->n_chunks(),
                                  .n_chunk_tokens = chunks->n_ctx,
                                  .source_name = options.source_name};
  CRIA_RETURN_IF_ERROR(convert::write_importance(file, out));
  return ImportanceReport{.n_weights = static_cast<int>(file.by_weight.size()),
                          .n_chunks = chunks->n_chunks(),
                          .n_tokens = static_cast<int64_t>(chunks->n_chunks()) * chunks->n_ctx};
}

}  // namespace

Result<ImportanceReport> measure_importance(const Model& model, std::string_view text,
                                            const std::string& out,
                                            const ImportanceOptions& options) {
  return api::guard([&] { return measure(model.impl().model, text, out, options); });
}

}  // namespace cria
