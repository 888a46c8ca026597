#include "engine/perplexity.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/str_cat.h"
#include "engine/text_chunks.h"

namespace cria::engine {
namespace {

// Mean and its standard error, updated with each value (Welford 1962).
class Mean {
 public:
  void add(double value) {
    ++n_;
    const double difference = value - mean_;
    mean_ += difference / static_cast<double>(n_);
    squares_ += difference * (value - mean_);
  }
  int64_t n() const { return n_; }
  double mean() const { return mean_; }
  double standard_error() const {
    if (n_ < 2) return 0;
    return std::sqrt(squares_ / static_cast<double>(n_ - 1) / static_cast<double>(n_));
  }

 private:
  int64_t n_ = 0;
  double mean_ = 0;
  double squares_ = 0;  // of the differences from the mean, summed
};

// A model with what it has shown so far.
struct Subject {
  ChunkLogits logits;
  Mean nll = {};
  double seconds = 0;

  template <typename Work>
  Status timed(const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    Status status = work();
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return status;
  }

  Perplexity result(const TextChunks& chunks) const {
    const double perplexity = std::exp(nll.mean());
    return {.perplexity = perplexity,
            .standard_error = perplexity * nll.standard_error(),
            .mean_nll = nll.mean(),
            .n_text_tokens = static_cast<int64_t>(chunks.tokens.size()),
            .n_tokens = static_cast<int64_t>(chunks.n_chunks()) * chunks.n_ctx,
            .n_scored = nll.n(),
            .n_ctx = chunks.n_ctx,
            .n_chunks = chunks.n_chunks(),
            .seconds = seconds};
  }
};

// All subjects over all chunks.
class Comparison {
 public:
  Comparison(const TextChunks& chunks, const PerplexityOptions& options)
      : chunks_(chunks), options_(options) {}

  Status add(const std::shared_ptr<const model::Model>& model, KvType k_type, KvType v_type) {
    auto logits = ChunkLogits::create(model, chunks_.n_ctx, options_.n_threads, k_type, v_type);
    if (!logits.ok()) return logits.status();
    logits->should_cancel = [this] { return !report(); };
    subjects_.push_back({.logits = std::move(*logits)});
    return {};
  }

  Status run() {
    for (int i = 0; i < chunks_.n_chunks(); ++i) {
      CRIA_RETURN_IF_ERROR(run_chunk(chunks_.chunk(i)));
      share_done_ = static_cast<double>(i + 1) / chunks_.n_chunks();
      if (!report()) return Status(StatusCode::cancelled, "cancelled");
    }
    return {};
  }

  Divergence result() const {
    Divergence out;
    out.model = subjects_[0].result(chunks_);
    if (subjects_.size() == 1) return out;
    out.base = subjects_[1].result(chunks_);
    out.mean_kl = kl_.mean();
    out.kl_standard_error = kl_.standard_error();
    out.max_kl = max_kl_;
    out.same_top = static_cast<double>(n_same_top_) / static_cast<double>(kl_.n());
    return out;
  }

 private:
  bool report() const { return !options_.on_progress || options_.on_progress(share_done_); }

  Status run_chunk(const std::vector<TokenId>& tokens) {
    const auto n = static_cast<int64_t>(tokens.size());
    const std::span<const TokenId> all(tokens);
    const int64_t first = n / 2;
    for (Subject& subject : subjects_) {
      CRIA_RETURN_IF_ERROR(subject.timed(
          [&] { return subject.logits.start(all.first(static_cast<size_t>(first))); }));
    }
    // The last token predicts nothing that is known.
    for (int64_t begin = first; begin < n - 1; begin += ChunkLogits::kPiece) {
      const int64_t end = std::min(n - 1, begin + ChunkLogits::kPiece);
      const auto piece = all.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
      for (Subject& subject : subjects_) {
        CRIA_RETURN_IF_ERROR(subject.timed([&] { return subject.logits.next(piece); }));
      }
      for (int64_t i = begin; i < end; ++i) score(i - begin, tokens[static_cast<size_t>(i + 1)]);
    }
    return {};
  }

  void score(int64_t i, TokenId next) {
    for (Subject& subject : subjects_) {
      const std::span<const float> row = subject.logits.row(i);
      subject.nll.add(log_sum_exp(row) - static_cast<double>(row[static_cast<size_t>(next)]));
    }
    if (subjects_.size() == 1) return;
    const std::span<const float> model = subjects_[0].logits.row(i);
    const std::span<const float> base = subjects_[1].logits.row(i);
    const double kl = kl_divergence(base, model);
    kl_.add(kl);
    max_kl_ = std::max(max_kl_, kl);
    const auto top = [](std::span<const float> row) {
      return std::max_element(row.begin(), row.end()) - row.begin();
    };
    if (top(model) == top(base)) ++n_same_top_;
  }

  const TextChunks& chunks_;
  const PerplexityOptions& options_;
  std::vector<Subject> subjects_;  // the model, and the base where there is one
  double share_done_ = 0;
  Mean kl_;
  double max_kl_ = 0;
  int64_t n_same_top_ = 0;
};

}  // namespace

double log_sum_exp(std::span<const float> x) {
  const auto largest = static_cast<double>(*std::max_element(x.begin(), x.end()));
  double sum = 0;
  for (const float value : x) sum += std::exp(static_cast<double>(value) - largest);
  return largest + std::log(sum);
}

double kl_divergence(std::span<const float> base, std::span<const float> model) {
  const double base_norm = log_sum_exp(base), model_norm = log_sum_exp(model);
  double sum = 0;
  for (size_t i = 0; i < base.size(); ++i) {
    const double log_base = static_cast<double>(base[i]) - base_norm;
    const double log_model = static_cast<double>(model[i]) - model_norm;
    sum += std::exp(log_base) * (log_base - log_model);
  }
  return std::max(sum, 0.0);  // rounding may leave a little below
}

Result<Divergence> compare_on_text(const std::shared_ptr<const model::Model>& model,
                                   const std::shared_ptr<const model::Model>& base,
                                   std::string_view text, const PerplexityOptions& options) {
  const auto chunks = chunk_text(*model->vocabulary, text, options.n_ctx);
  if (!chunks.ok()) return chunks.status();
  Comparison comparison(*chunks, options);
  CRIA_RETURN_IF_ERROR(comparison.add(model, options.k_type, options.v_type));
  if (base != nullptr) {
    const auto of_base = chunk_text(*base->vocabulary, text, options.n_ctx);
    if (!of_base.ok()) return of_base.status();
    if (base->config.n_vocab != model->config.n_vocab || of_base->tokens != chunks->tokens ||
        of_base->bos != chunks->bos) {
      return invalid_argument(base->path, ": found another vocabulary than that of ", model->path,
                              ", expected the same: their predictions cannot be compared");
    }
    CRIA_RETURN_IF_ERROR(comparison.add(base, KvType::f16, KvType::f16));
  }
  CRIA_RETURN_IF_ERROR(comparison.run());
  return comparison.result();
}

}  // namespace cria::engine
