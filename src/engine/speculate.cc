#include "engine/speculate.h"

#include <algorithm>
#include <chrono>

#include "engine/seconds.h"

namespace cria::engine {
namespace {

// A draft model that was not asked for so many tokens has more to read than it usually has.
constexpr int64_t kLongWithoutDraft = 64;
// It reads in chunks, a token of which takes so much less than a token by itself. A first idea.
constexpr double kChunkShare = 0.25;

}  // namespace

Result<std::unique_ptr<Speculator>> Speculator::create(const Sequence& target,
                                                       std::shared_ptr<const model::Model> draft,
                                                       const SessionOptions& options) {
  std::unique_ptr<Speculator> speculator(new Speculator);
  if (draft == nullptr) return speculator;
  auto made = DraftModel::create(std::move(draft), target, options);
  if (!made.ok()) return made.status();
  speculator->draft_ = std::move(*made);
  return speculator;
}

bool Speculator::wanted(const SpeculationOptions& options) const {
  return options.max_draft > 0 && (options.lookup || draft_ != nullptr);
}

Status Speculator::prepare(const Sequence& target, const SpeculationOptions& options) {
  if (index_ == nullptr) index_ = std::make_unique<NgramIndex>(target.n_ctx());
  const auto n_rows = static_cast<uint64_t>(options.max_draft) + 1;
  const uint64_t size =
      n_rows * static_cast<uint64_t>(target.model().config.n_vocab) * sizeof(float);
  if (rows_.size_bytes() >= size) return {};
  auto rows = AlignedBuffer::allocate(size, "logits of guessed tokens");
  if (!rows.ok()) return rows.status();
  rows_ = std::move(*rows);
  return {};
}

Lookahead::Lookahead(Sequence& sequence, Speculator* speculator, const GenerateOptions& options)
    : sequence_(sequence), speculator_(speculator), options_(options) {
  if (speculator_ != nullptr) speculator_->index_->become(sequence.tokens());
}

std::span<float> Lookahead::rows(int first, int n) const {
  const auto n_vocab = static_cast<size_t>(sequence_.model().config.n_vocab);
  return speculator_->rows_.as<float>().subspan(static_cast<size_t>(first) * n_vocab,
                                                static_cast<size_t>(n) * n_vocab);
}

std::span<const float> Lookahead::logits() const {
  return n_evaluated_ > 0 ? rows(n_confirmed_, 1) : sequence_.logits();
}

int64_t Lookahead::n_tokens() const {
  return static_cast<int64_t>(sequence_.tokens().size()) - (n_evaluated_ - n_confirmed_);
}

Status Lookahead::advance(TokenId id, int64_t n_wanted) {
  if (speculator_ == nullptr) return sequence_.eval({&id, 1}, {});
  ++speculator_->n_without_draft_;
  if (confirm(id)) return {};
  settle();
  speculator_->index_->push(id);
  const int64_t n_free = sequence_.n_ctx() - n_tokens() - 1;
  const auto n_most = std::min({n_wanted, n_free, int64_t{options_.speculation.max_draft}});
  const auto start = std::chrono::steady_clock::now();
  const int n_guesses = n_most > 0 ? guess(static_cast<int>(n_most)) : 0;
  Status status = evaluate(id, n_guesses);
  seconds_ += seconds_since(start);
  return status;
}

// Whether the token was evaluated as a guess already. In any case the record of such guesses grows.
bool Lookahead::confirm(TokenId id) {
  if (n_confirmed_ >= guesses_.n) return false;
  SpeculationPolicy& policy = speculator_->policy_;
  const auto i = static_cast<size_t>(n_confirmed_);
  const bool is_right = guesses_.ids[i] == id;
  policy.add_guess(guesses_.kinds[i], is_right);
  if (guesses_.by_model) policy.add_guess(GuessKind::any_of_draft_model(), is_right);
  if (!is_right || n_confirmed_ >= n_evaluated_) return false;
  ++n_confirmed_;
  speculator_->index_->push(id);
  return true;
}

void Lookahead::settle() {
  if (!is_open_) return;
  if (n_evaluated_ > 0) {
    // Never fails: the sequence holds more than it is to keep.
    (void)sequence_.rewind(n_tokens(), rows(n_confirmed_, 1));
    n_accepted_ += n_confirmed_;
  }
  if (n_evaluated_ > 0 || guesses_.by_model) {
    speculator_->policy_.close_pass(1 + n_confirmed_, seconds_);
  } else {
    speculator_->policy_.close_plain_pass();
  }
  n_evaluated_ = n_confirmed_ = guesses_.n = 0;
  is_open_ = guesses_.by_model = false;
  seconds_ = 0;
}

// Fills guesses_. Returns how many of them are to be evaluated; the first one left out still shows
// whether guesses of its kind come true.
int Lookahead::guess(int n_most) {
  SpeculationPolicy& policy = speculator_->policy_;
  const SpeculationPolicy::Plan lookup = guess_by_lookup(n_most);
  const SpeculationPolicy::Plan model = plan_of_model(n_most);
  if (model.n_guesses > 0 && model.tokens_per_second > lookup.tokens_per_second) {
    return guess_by_model(model.n_guesses);
  }
  if (speculator_->draft_ != nullptr) policy.fade_draft_model();
  return lookup.n_guesses;
}

void Lookahead::append(TokenId id, GuessKind kind) {
  const auto i = static_cast<size_t>(guesses_.n++);
  guesses_.ids[i] = id;
  guesses_.kinds[i] = kind;
  guesses_.chances[i] = speculator_->policy_.chance(kind);
}

// A stop token never becomes part of the text.
bool Lookahead::is_stop(TokenId id) const { return sequence_.model().vocabulary->is_stop(id); }

SpeculationPolicy::Plan Lookahead::guess_by_lookup(int n_most) {
  const NgramIndex& index = *speculator_->index_;
  const NgramIndex::Match match = options_.speculation.lookup ? index.find() : NgramIndex::Match();
  if (match.length == 0) return {};
  std::array<TokenId, kMaxGuesses> ids;
  const std::span<TokenId> found = std::span(ids).first(static_cast<size_t>(n_most));
  index.copy(match, found);
  // Each guess that comes true makes the match longer by one.
  for (int i = 0; i < n_most && !is_stop(ids[static_cast<size_t>(i)]); ++i) {
    append(ids[static_cast<size_t>(i)], GuessKind::lookup(match.length + i));
  }
  return speculator_->policy_.plan(
      std::span(guesses_.chances).first(static_cast<size_t>(guesses_.n)), 0);
}

double Lookahead::seconds_of_guess() const {
  const Speculator& s = *speculator_;
  return s.draft_seconds_.count() > 0 ? s.draft_seconds_.value()
                                      : s.draft_->relative_size() * s.policy_.costs().of_one();
}

// Before the draft model is asked: whether that promises anything.
SpeculationPolicy::Plan Lookahead::plan_of_model(int n_most) {
  Speculator& s = *speculator_;
  if (s.draft_ == nullptr) return {};
  std::array<double, kMaxGuesses> chances;
  chances.fill(s.policy_.chance(GuessKind::any_of_draft_model()));
  const SpeculationPolicy::Plan plan =
      s.policy_.plan(std::span(chances).first(static_cast<size_t>(n_most)), seconds_of_guess());
  if (plan.n_guesses == 0 || s.n_without_draft_ < kLongWithoutDraft) return plan;
  const auto n_missing = static_cast<double>(s.draft_->n_missing(s.index_->tokens()));
  const double seconds = n_missing * kChunkShare * seconds_of_guess();
  return s.policy_.can_bear(seconds) ? plan : SpeculationPolicy::Plan();
}

int Lookahead::guess_by_model(int n_most) {
  Speculator& s = *speculator_;
  auto start = std::chrono::steady_clock::now();
  const bool is_up_to_date = s.n_without_draft_ < kLongWithoutDraft;
  const int64_t n_missing = s.draft_->n_missing(s.index_->tokens());
  s.n_without_draft_ = 0;
  guesses_.n = 0;
  guesses_.by_model = true;
  // Without a draft model's guess there is none: its errors are no errors of the generation.
  if (!s.draft_->follow(s.index_->tokens(), options_.should_cancel).ok()) return 0;
  if (n_missing > kMaxGuesses) {
    // A prompt. Its price belongs to the draft model as such, not to these guesses; but after a
    // long time without them it is part of the attempt.
    if (is_up_to_date) seconds_ -= seconds_since(start);
    start = std::chrono::steady_clock::now();
  }
  guesses_.chances.fill(s.policy_.chance(GuessKind::any_of_draft_model()));
  const auto chances = std::span(guesses_.chances).first(static_cast<size_t>(n_most));
  while (guesses_.n < n_most) {
    const DraftModel::Guess next = s.draft_->guess();
    if (is_stop(next.id)) break;
    append(next.id, GuessKind::draft_model(next.probability));
    // How sure it was may have changed the plan.
    if (s.policy_.plan(chances, seconds_of_guess()).n_guesses <= guesses_.n) break;
    if (!s.draft_->go_on(next.id).ok()) break;
  }
  s.draft_seconds_.add(seconds_since(start) / std::max(1, guesses_.n));
  return s.policy_.plan(chances.first(static_cast<size_t>(guesses_.n)), 0).n_guesses;
}

Status Lookahead::evaluate(TokenId id, int n_guesses) {
  SpeculationPolicy& policy = speculator_->policy_;
  is_open_ = true;
  auto start = std::chrono::steady_clock::now();
  if (n_guesses > 0) {
    std::array<TokenId, kMaxGuesses + 1> ids;
    ids[0] = id;
    std::copy_n(guesses_.ids.begin(), n_guesses, ids.begin() + 1);
    const int n_rows = n_guesses + 1;
    if (sequence_
            .eval(std::span(ids).first(static_cast<size_t>(n_rows)),
                  {.all_logits = rows(0, n_rows)})
            .ok()) {
      policy.add_pass(n_rows, seconds_since(start));
      n_evaluated_ = n_guesses;
      n_drafted_ += n_guesses;
      return {};
    }
    // Whatever refused so many may have room for one.
    start = std::chrono::steady_clock::now();
  }
  CRIA_RETURN_IF_ERROR(sequence_.eval({&id, 1}, {}));
  policy.add_pass(1, seconds_since(start));
  return {};
}

}  // namespace cria::engine
