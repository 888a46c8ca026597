#include "engine/beam_search.h"

#include <algorithm>
#include <cmath>

#include "base/mathf.h"
#include "base/str_cat.h"
#include "engine/generate.h"
#include "text/stream_decoder.h"

namespace cria::engine {
namespace {

constexpr int kMaxBeams = 64;

struct Candidate {
  size_t parent;
  TokenId id;
  double log_probability;  // of the whole reply
};

// A total order, so that equal chances give the same result everywhere.
bool comes_first(const Candidate& a, const Candidate& b) {
  if (a.log_probability != b.log_probability) return a.log_probability > b.log_probability;
  return a.parent != b.parent ? a.parent < b.parent : a.id < b.id;
}

// Log of the sum of exp(logit).
double log_sum(std::span<const float> logits) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += exp_f32(logit - largest);
  return largest + log_f64(sum);
}

class Search {
 public:
  Search(const Sequence& start, const BeamOptions& options)
      : model_(start.model()), options_(options) {
    const auto n = static_cast<size_t>(options.n_beams);
    for (auto* each : {&live_, &next_}) {
      for (size_t i = 0; i < n; ++i) each->push_back(LiveBeam(start));
    }
    logits_.resize(n * static_cast<size_t>(model_.config.n_vocab));
    live_[0].sequence->share(start);
    n_live_ = 1;
  }

  Status run() {
    while (n_live_ > 0 && !is_decided()) {
      if (options_.should_cancel && options_.should_cancel()) {
        return Status(StatusCode::cancelled, "cancelled");
      }
      CRIA_RETURN_IF_ERROR(collect());
      const size_t n_next = choose();
      if (n_live_ == 0) break;
      CRIA_RETURN_IF_ERROR(evaluate(n_next));
    }
    for (size_t i = 0; i < n_live_; ++i) end(live_[i].reply, FinishReason::max_tokens);
    return {};
  }

  // Best first.
  std::vector<Beam> replies() && {
    std::stable_sort(ended_.begin(), ended_.end(),
                     [](const Beam& a, const Beam& b) { return a.score > b.score; });
    if (ended_.size() > static_cast<size_t>(options_.n_beams)) {
      ended_.resize(static_cast<size_t>(options_.n_beams));
    }
    return std::move(ended_);
  }

 private:
  struct LiveBeam {
    explicit LiveBeam(const Sequence& start)
        : sequence(Sequence::create(start.engine_handle(), start.n_ctx())) {}
    std::unique_ptr<Sequence> sequence;  // the prompt and the reply
    Beam reply;
  };

  double score_of(const Beam& beam) const {
    const auto n_tokens = static_cast<double>(std::max<size_t>(1, beam.tokens.size()));
    return beam.log_probability *
           exp_f64(-static_cast<double>(options_.length_penalty) * log_f64(n_tokens));
  }

  void end(Beam beam, FinishReason reason) {
    beam.finish = reason;
    beam.score = score_of(beam);
    ended_.push_back(std::move(beam));
  }

  // Enough replies have ended, and none that runs is better as it stands.
  bool is_decided() const {
    const auto n = static_cast<size_t>(options_.n_beams);
    if (ended_.size() < n) return false;
    std::vector<double> scores;
    for (const Beam& beam : ended_) scores.push_back(beam.score);
    std::nth_element(scores.begin(), scores.begin() + static_cast<int64_t>(n - 1), scores.end(),
                     std::greater<>());
    return score_of(live_[0].reply) <= scores[n - 1];
  }

  // The likeliest continuations of all beams: of each, twice as many as there are beams, so that
  // enough are left even where half of them end their reply. Errors: corrupt.
  Status collect() {
    const size_t n_each = 2 * static_cast<size_t>(options_.n_beams);
    candidates_.clear();
    for (size_t i = 0; i < n_live_; ++i) {
      const std::span<const float> logits = live_[i].sequence->logits();
      const double before = live_[i].reply.log_probability - log_sum(logits);
      if (!std::isfinite(before)) {
        return corrupt(model_.path, ": the weights give no usable logits; download or convert the ",
                       "model again");
      }
      own_.clear();
      for (size_t id = 0; id < logits.size(); ++id) {
        if (options_.ignore_eos && model_.vocabulary->is_stop(static_cast<TokenId>(id))) continue;
        own_.push_back({i, static_cast<TokenId>(id), before + static_cast<double>(logits[id])});
      }
      const size_t n = std::min(n_each, own_.size());
      std::partial_sort(own_.begin(), own_.begin() + static_cast<int64_t>(n), own_.end(),
                        comes_first);
      candidates_.insert(candidates_.end(), own_.begin(), own_.begin() + static_cast<int64_t>(n));
    }
    std::sort(candidates_.begin(), candidates_.end(), comes_first);
    if (!candidates_.empty() || !ended_.empty()) return {};
    return corrupt(model_.path, ": every token of the vocabulary ends a text; without them (",
                   "ignore_eos) there is nothing to choose from");
  }

  // Those that go on become next_[0, the result); replies that end here are put aside.
  size_t choose() {
    const auto n_beams = static_cast<size_t>(options_.n_beams);
    size_t n_next = 0;
    for (size_t rank = 0; rank < candidates_.size() && n_next < n_beams; ++rank) {
      const Candidate& candidate = candidates_[rank];
      const LiveBeam& parent = live_[candidate.parent];
      if (model_.vocabulary->is_stop(candidate.id)) {
        if (rank >= n_beams) continue;
        Beam beam = parent.reply;
        beam.log_probability = candidate.log_probability;
        end(std::move(beam), FinishReason::stop_token);
        continue;
      }
      LiveBeam& next = next_[n_next++];
      next.sequence->share(*parent.sequence);
      next.reply.tokens.assign(parent.reply.tokens.begin(), parent.reply.tokens.end());
      next.reply.tokens.push_back(candidate.id);
      next.reply.log_probability = candidate.log_probability;
    }
    for (size_t i = 0; i < n_live_; ++i) live_[i].sequence->leave();
    std::swap(live_, next_);
    n_live_ = n_next;
    end_full_ones();
    return n_live_;
  }

  // All are of one length.
  void end_full_ones() {
    if (n_live_ == 0) return;
    const Beam& any = live_[0].reply;
    const auto n_held = static_cast<int>(live_[0].sequence->tokens().size());
    const bool is_long = static_cast<int>(any.tokens.size()) >= options_.max_tokens;
    if (!is_long && n_held < live_[0].sequence->n_ctx()) return;
    end_live(is_long ? FinishReason::max_tokens : FinishReason::context_full);
  }

  void end_live(FinishReason reason) {
    for (size_t i = 0; i < n_live_; ++i) {
      end(live_[i].reply, reason);
      live_[i].sequence->leave();
    }
    n_live_ = 0;
  }

  // The last token of every live beam, in flat batches.
  Status evaluate(size_t n) {
    Engine& engine = live_[0].sequence->engine();
    const auto n_vocab = static_cast<size_t>(model_.config.n_vocab);
    const auto n_most = static_cast<size_t>(engine.n_chunk());
    for (size_t i = 0; i < n; ++i) {
      if (live_[i].sequence->prepare(1)) continue;
      end_live(FinishReason::context_full);  // the pages hold no more
      return {};
    }
    for (size_t begin = 0; begin < n; begin += n_most) {
      const size_t end = std::min(n, begin + n_most);
      slices_.clear();
      for (size_t i = begin; i < end; ++i) {
        slices_.push_back(
            live_[i].sequence->slice({&live_[i].reply.tokens.back(), 1}, model::LogitsFor::last));
      }
      CRIA_RETURN_IF_ERROR(engine.forward({.slices = slices_, .logits = logits_.data()}));
      for (size_t i = begin; i < end; ++i) {
        live_[i].sequence->commit({&live_[i].reply.tokens.back(), 1},
                                  std::span(logits_).subspan((i - begin) * n_vocab, n_vocab));
      }
    }
    return {};
  }

  const model::Model& model_;
  const BeamOptions& options_;
  std::vector<LiveBeam> live_, next_;  // live_: by chance, the likeliest first
  size_t n_live_ = 0;
  std::vector<Beam> ended_;
  std::vector<Candidate> own_, candidates_;
  std::vector<model::Slice> slices_;
  std::vector<float> logits_;
};

// Makes the sequence hold text, with logits. Requires: what it holds is a prefix of text, or text
// one of it.
Status hold(Sequence& sequence, const std::vector<TokenId>& text,
            const std::function<bool()>* should_cancel) {
  const size_t n = std::min(sequence.tokens().size(), text.size());
  CRIA_RETURN_IF_ERROR(sequence.rewind(static_cast<int64_t>(n)));
  CRIA_RETURN_IF_ERROR(sequence.eval(std::span(text).subspan(n), {.should_cancel = should_cancel}));
  return sequence.refresh_logits(should_cancel);
}

// Puts a sequence back to the text that it held, unless it is told otherwise.
class Restore {
 public:
  explicit Restore(Sequence& sequence) : sequence_(sequence), text_(sequence.tokens()) {}
  ~Restore() {
    if (is_done_) return;
    bool held = false;
    try {
      held = hold(sequence_, text_, nullptr).ok();
    } catch (...) {  // no memory: what follows needs none
    }
    if (!held) (void)sequence_.rewind(0);
  }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;
  void done() { is_done_ = true; }

 private:
  Sequence& sequence_;
  std::vector<TokenId> text_;
  bool is_done_ = false;
};

Status decode(const text::Tokenizer& tokenizer, bool at_text_start, Beam& beam) {
  text::StreamDecoder decoder(tokenizer, at_text_start);
  for (const TokenId id : beam.tokens) CRIA_RETURN_IF_ERROR(decoder.push(id, beam.text));
  decoder.finish(beam.text);
  return {};
}

}  // namespace

Status check(const BeamOptions& options) {
  if (options.n_beams < 1 || options.n_beams > kMaxBeams) {
    return invalid_argument("n_beams: found ", options.n_beams, ", expected 1 to ", kMaxBeams);
  }
  if (options.max_tokens < 1) {
    return invalid_argument("max_tokens: found ", options.max_tokens, ", expected 1 or more");
  }
  if (!(options.length_penalty >= 0 && options.length_penalty <= 10)) {
    return invalid_argument("length_penalty: found ", options.length_penalty, ", expected 0 to 10");
  }
  return {};
}

Result<std::vector<Beam>> beam_search(Sequence& sequence, const std::vector<TokenId>& prompt,
                                      const BeamOptions& options) {
  CRIA_RETURN_IF_ERROR(check(options));
  if (prompt.empty()) CRIA_RETURN_IF_ERROR(start_from_held(sequence, options.should_cancel));
  const text::Tokenizer& tokenizer = *sequence.model().vocabulary->tokenizer;
  const bool at_text_start =
      sequence.tokens().empty() &&
      (prompt.empty() || (prompt.size() == 1 && prompt[0] == tokenizer.special().bos));
  Restore restore(sequence);
  CRIA_RETURN_IF_ERROR(sequence.eval(
      prompt, {.should_cancel = &options.should_cancel, .on_progress = &options.on_prefill}));
  std::vector<TokenId> text = sequence.tokens();
  std::vector<Beam> beams;
  {
    Search search(sequence, options);
    // A page that is not full is the beams': the first of them writes into it instead of taking
    // another.
    const auto n_held = static_cast<int64_t>(text.size());
    CRIA_RETURN_IF_ERROR(sequence.rewind(n_held / ops::kKvPage * ops::kKvPage));
    CRIA_RETURN_IF_ERROR(search.run());
    beams = std::move(search).replies();
  }
  for (Beam& beam : beams) CRIA_RETURN_IF_ERROR(decode(tokenizer, at_text_start, beam));
  // A last token that the full context had no room for stays outside, as in generate().
  text.insert(text.end(), beams.front().tokens.begin(), beams.front().tokens.end());
  text.resize(std::min(text.size(), static_cast<size_t>(sequence.n_ctx())));
  CRIA_RETURN_IF_ERROR(hold(sequence, text, &options.should_cancel));
  restore.done();
  return beams;
}

}  // namespace cria::engine
