#include "engine/sequence.h"

#include <algorithm>

#include "base/str_cat.h"

namespace cria::engine {

using ops::KvPool;

Result<std::unique_ptr<Sequence>> Sequence::create(std::shared_ptr<const model::Model> model,
                                                   const SessionOptions& options) {
  if (options.n_ctx < 0) {
    return invalid_argument("n_ctx: found ", options.n_ctx, ", expected 0 to ", INT32_MAX);
  }
  const int n_ctx = options.n_ctx > 0 ? options.n_ctx : model->config.n_ctx_train;
  auto engine = Engine::create(std::move(model), {.n_kv_tokens = n_ctx,
                                                  .n_threads = options.n_threads,
                                                  .n_threads_prefill = options.n_threads_prefill,
                                                  .n_chunk = options.n_chunk,
                                                  .k_type = options.k_type,
                                                  .v_type = options.v_type});
  if (!engine.ok()) return engine.status();
  return create(std::move(*engine), n_ctx);
}

std::unique_ptr<Sequence> Sequence::create(std::shared_ptr<Engine> engine, int n_ctx) {
  return std::unique_ptr<Sequence>(new Sequence(std::move(engine), n_ctx));
}

int64_t Sequence::most_held(const model::Config& config, int64_t n_ctx, int64_t n_chunk) {
  if (config.sliding_window == 0) return n_ctx;
  // While a long prompt is evaluated, what was seen before it is kept too: it may be cancelled.
  const int64_t n_seen = config.sliding_window + kRewindSlack + 2 * ops::kKvPage;
  return std::min(n_ctx, 2 * n_seen + n_chunk);
}

// All that it will ever need: decoding allocates nothing.
Sequence::Sequence(std::shared_ptr<Engine> engine, int n_ctx)
    : engine_(std::move(engine)), n_ctx_(n_ctx) {
  pages_.reserve(static_cast<size_t>(KvPool::pages_for(n_ctx)));
  left_behind_.reserve(pages_.capacity());
  tokens_.reserve(static_cast<size_t>(n_ctx));
  logits_.resize(static_cast<size_t>(model().config.n_vocab));
}

Sequence::~Sequence() { leave(); }

Status Sequence::check(std::span<const TokenId> tokens) const {
  const auto n_held = static_cast<int64_t>(tokens_.size());
  const auto n_new = static_cast<int64_t>(tokens.size());
  if (n_held + n_new > n_ctx_) {
    return Status(StatusCode::context_full,
                  str_cat("the context is full: found ", n_held + n_new, " tokens (", n_held,
                          " held and ", n_new, " new), expected at most ", n_ctx_,
                          "; shorten the prompt or ask for a larger context"));
  }
  return check_ids(tokens);
}

Status Sequence::check_ids(std::span<const TokenId> tokens) const {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= model().config.n_vocab) {
      return invalid_argument("token ", i, ": found id ", tokens[i], ", expected 0 to ",
                              model().config.n_vocab - 1);
    }
  }
  return {};
}

bool Sequence::prepare(int64_t n_tokens) {
  KvPool& pool = engine_->pool();
  const auto n_held = static_cast<int64_t>(tokens_.size());
  const int64_t n_in_page = n_held % ops::kKvPage;
  if (n_in_page > 0) {  // the page that is written next may belong to others too
    int32_t& last = pages_[static_cast<size_t>(n_held / ops::kKvPage)];
    if (pool.n_references(last) > 1) {
      const int32_t own = engine_->take_page();
      if (own < 0) return false;
      pool.copy(last, own, n_in_page);
      pool.release(last);
      last = own;
    }
  }
  const auto n_wanted = static_cast<size_t>(KvPool::pages_for(n_held + n_tokens));
  while (pages_.size() < n_wanted) {
    const int32_t page = engine_->take_page();
    if (page < 0) {
      drop_pages_after(n_held);
      return false;
    }
    pages_.push_back(page);
  }
  return true;
}

model::Slice Sequence::slice(std::span<const TokenId> tokens, model::LogitsFor logits_for) const {
  return {.tokens = tokens,
          .pages = pages_.data(),
          .first_position = static_cast<int64_t>(tokens_.size()),
          .logits_for = logits_for};
}

void Sequence::commit(std::span<const TokenId> tokens, std::span<const float> logits) {
  const size_t n_full_before = tokens_.size() / ops::kKvPage;
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  has_logits_ = !logits.empty();
  if (has_logits_ && logits.data() != logits_.data()) {
    std::copy(logits.begin(), logits.end(), logits_.begin());
  }
  if (tokens_.size() / ops::kKvPage == n_full_before) return;
  leave_prefix(false);
  release_unseen();
}

int64_t Sequence::first_seen(int64_t n_tokens) const {
  const int64_t window = model().config.sliding_window;
  return window == 0 ? 0 : std::max<int64_t>(0, n_tokens + 1 - window);
}

void Sequence::release_unseen() {
  const int64_t n_safe = std::max<int64_t>(0, static_cast<int64_t>(tokens_.size()) - kRewindSlack);
  const int64_t end = first_seen(n_safe) / ops::kKvPage * ops::kKvPage;
  for (; n_released_ < end; n_released_ += ops::kKvPage) {
    int32_t& page = pages_[static_cast<size_t>(n_released_ / ops::kKvPage)];
    if (may_undo_) {
      left_behind_.push_back(page);
    } else {
      engine_->pool().release(page);
    }
    page = -1;
  }
}

// Puts a sequence back to what it was, whatever ends an evaluation early. Until then it keeps the
// pages that a sliding window leaves behind meanwhile.
class Sequence::Undo {
 public:
  explicit Undo(Sequence& sequence)
      : sequence_(sequence),
        n_tokens_(sequence.tokens_.size()),
        n_released_(sequence.n_released_),
        had_logits_(sequence.has_logits_) {
    sequence.may_undo_ = true;
  }
  ~Undo() {
    sequence_.may_undo_ = false;
    if (is_kept_) return;
    sequence_.tokens_.resize(n_tokens_);
    sequence_.has_logits_ = had_logits_;
    sequence_.drop_pages_after(static_cast<int64_t>(n_tokens_));
    const auto first = static_cast<size_t>(n_released_ / ops::kKvPage);
    for (size_t i = 0; i < left_behind().size(); ++i) {
      if (first + i < sequence_.pages_.size()) {
        sequence_.pages_[first + i] = left_behind()[i];
      } else {
        sequence_.engine_->pool().release(left_behind()[i]);
      }
    }
    left_behind().clear();
    sequence_.n_released_ = n_released_;
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  // Takes back nothing.
  void keep() {
    for (const int32_t page : left_behind()) sequence_.engine_->pool().release(page);
    left_behind().clear();
    is_kept_ = true;
  }

 private:
  // From page n_released_ / kKvPage on.
  std::vector<int32_t>& left_behind() { return sequence_.left_behind_; }

  Sequence& sequence_;
  size_t n_tokens_;
  int64_t n_released_;
  bool had_logits_;
  bool is_kept_ = false;
};

Status Sequence::eval(std::span<const TokenId> tokens, const EvalOptions& options) {
  CRIA_RETURN_IF_ERROR(check(tokens));
  const auto n_vocab = static_cast<size_t>(model().config.n_vocab);
  const auto n_chunk = static_cast<size_t>(engine_->n_chunk());
  Undo undo(*this);
  for (size_t begin = 0; begin < tokens.size(); begin += n_chunk) {
    const auto chunk = tokens.subspan(begin, std::min(n_chunk, tokens.size() - begin));
    const bool all = !options.all_logits.empty();
    const bool last = !all && begin + chunk.size() == tokens.size();
    if (!prepare(static_cast<int64_t>(chunk.size()))) {
      return Status(StatusCode::out_of_memory, "no page is left for more tokens");
    }
    const model::Slice own = slice(chunk, all    ? model::LogitsFor::all
                                          : last ? model::LogitsFor::last
                                                 : model::LogitsFor::none);
    CRIA_RETURN_IF_ERROR(engine_->forward(
        {.slices = {&own, 1},
         .logits = all ? options.all_logits.data() + begin * n_vocab : logits_.data(),
         .should_cancel = options.should_cancel,
         .observe = options.observe}));
    commit(chunk, last ? std::span<const float>(logits_) : std::span<const float>());
    if (options.on_progress != nullptr && *options.on_progress) {
      (*options.on_progress)(static_cast<int>(begin + chunk.size()),
                             static_cast<int>(tokens.size()));
    }
  }
  undo.keep();
  return {};
}

Status Sequence::refresh_logits(const std::function<bool()>* should_cancel) {
  if (has_logits_ || tokens_.empty()) return {};
  // What is written again are the very bits that stand there, but others may read them meanwhile.
  const auto position = static_cast<int64_t>(tokens_.size()) - 1;
  if (!own_pages_from(static_cast<size_t>(position / ops::kKvPage))) {
    return Status(StatusCode::out_of_memory, "no page is left to evaluate a token again");
  }
  const model::Slice last = {.tokens = std::span<const TokenId>(tokens_).last(1),
                             .pages = pages_.data(),
                             .first_position = position};
  CRIA_RETURN_IF_ERROR(engine_->forward(
      {.slices = {&last, 1}, .logits = logits_.data(), .should_cancel = should_cancel}));
  has_logits_ = true;
  return {};
}

int64_t Sequence::adopt_prefix(std::span<const TokenId> tokens) {
  PrefixTree* prefixes = engine_->prefixes();
  const size_t n_most = std::min(tokens.size(), static_cast<size_t>(n_ctx_));
  if (prefixes == nullptr || !tokens_.empty() || n_most < 2) return 0;
  PrefixTree::Match match = prefixes->find(tokens.first(n_most - 1));
  pages_.assign(match.pages.begin(), match.pages.end());
  if (match.n_partial > 0) {
    KvPool& pool = engine_->pool();
    pool.retain(match.partial_page);  // or it might be what gives way
    const int32_t own = engine_->take_page();
    if (own >= 0) {
      pool.copy(match.partial_page, own, match.n_partial);
      pages_.push_back(own);
    }
    pool.release(match.partial_page);
    if (own < 0) match.n_partial = 0;
  }
  tokens_.assign(tokens.begin(), tokens.begin() + match.n_tokens());
  release_unseen();
  return match.n_tokens();
}

void Sequence::share(const Sequence& other) {
  for (const int32_t page : other.pages_) {
    if (page >= 0) engine_->pool().retain(page);
  }
  drop_pages_after(0);
  pages_.assign(other.pages_.begin(), other.pages_.end());
  tokens_.assign(other.tokens_.begin(), other.tokens_.end());
  std::copy(other.logits_.begin(), other.logits_.end(), logits_.begin());
  n_released_ = other.n_released_;
  has_logits_ = other.has_logits_;
  is_exact_ = other.is_exact_;
}

void Sequence::leave() {
  leave_prefix(true);
  tokens_.clear();
  has_logits_ = false;
  is_exact_ = true;
  drop_pages_after(0);
}

Status Sequence::replace(std::span<const TokenId> tokens, std::span<const float> logits,
                         std::span<const std::byte> page_bytes, int64_t n_released) {
  std::unique_ptr<Sequence> other = create(engine_, n_ctx_);
  CRIA_RETURN_IF_ERROR(other->check(tokens));
  // The pages of this one may be what is missing.
  const auto n_pages = static_cast<int64_t>(page_bytes.size() / engine_->pool().page_bytes());
  if (engine_->prefixes() == nullptr && n_pages > engine_->pool().n_free()) leave();
  const auto n_left_out = static_cast<size_t>(n_released / ops::kKvPage);
  other->pages_.assign(n_left_out, -1);
  other->n_released_ = n_released;
  if (!other->prepare(static_cast<int64_t>(tokens.size()))) {
    return Status(StatusCode::out_of_memory, "no page is left for what was saved");
  }
  for (size_t i = n_left_out; i < other->pages_.size(); ++i) {
    const std::span<std::byte> page = engine_->pool().bytes(other->pages_[i]);
    std::copy_n(page_bytes.begin() + static_cast<int64_t>((i - n_left_out) * page.size()),
                page.size(), page.begin());
  }
  other->is_exact_ = false;  // nobody knows what it was
  other->commit(tokens, logits);
  std::swap(pages_, other->pages_);
  std::swap(n_released_, other->n_released_);
  std::swap(tokens_, other->tokens_);
  std::swap(logits_, other->logits_);
  std::swap(has_logits_, other->has_logits_);
  std::swap(is_exact_, other->is_exact_);
  return {};
}

void Sequence::leave_prefix(bool with_partial) {
  if (engine_->prefixes() == nullptr || !is_exact_) return;
  engine_->prefixes()->insert(tokens_, pages_, with_partial);
}

// Copies those of the pages from i_page on that others hold too.
bool Sequence::own_pages_from(size_t i_page) {
  KvPool& pool = engine_->pool();
  for (size_t i = i_page; i < pages_.size(); ++i) {
    if (pool.n_references(pages_[i]) == 1) continue;
    const int32_t own = engine_->take_page();
    if (own < 0) return false;
    pool.copy(pages_[i], own, ops::kKvPage);
    pool.release(pages_[i]);
    pages_[i] = own;
  }
  return true;
}

Status Sequence::drop(int64_t first, int64_t n) {
  const auto n_held = static_cast<int64_t>(tokens_.size());
  if (first < 0 || n < 0 || first > n_held || n > n_held - first) {
    return invalid_argument("drop: found ", first, " and ", n, ", expected parts of the ", n_held,
                            " tokens held");
  }
  if (n_released_ > 0) {
    return invalid_argument("drop: the first ", n_released_,
                            " tokens are behind the sliding window; drop those first");
  }
  if (n == 0) return {};
  if (!own_pages_from(static_cast<size_t>(first / ops::kKvPage))) {
    return Status(StatusCode::out_of_memory, "no page is left to move tokens");
  }
  if (first + n < n_held) {
    is_exact_ = false;
    engine_->move_back(pages_.data(), pages_.data(), first + n, n_held, n);
  } else {
    has_logits_ = false;
  }
  tokens_.erase(tokens_.begin() + first, tokens_.begin() + first + n);
  drop_pages_after(n_held - n);
  return {};
}

Status Sequence::drop_released() {
  const int64_t n = n_released_;
  if (n == 0) return {};
  const auto n_pages = static_cast<size_t>(n / ops::kKvPage);
  if (!own_pages_from(n_pages)) {
    return Status(StatusCode::out_of_memory, "no page is left to move tokens");
  }
  is_exact_ = false;
  engine_->move_back(pages_.data(), pages_.data() + n_pages, n,
                     static_cast<int64_t>(tokens_.size()), n);
  pages_.erase(pages_.begin(), pages_.begin() + static_cast<int64_t>(n_pages));
  tokens_.erase(tokens_.begin(), tokens_.begin() + n);
  n_released_ = 0;
  return {};
}

std::span<const float> Sequence::logits() const {
  return has_logits_ ? std::span<const float>(logits_) : std::span<const float>();
}

void Sequence::drop_pages_after(int64_t n_tokens) {
  const auto n_kept = static_cast<size_t>(KvPool::pages_for(n_tokens));
  while (pages_.size() > n_kept) {
    if (pages_.back() >= 0) engine_->pool().release(pages_.back());
    pages_.pop_back();
  }
  n_released_ = std::min(n_released_, static_cast<int64_t>(n_kept) * ops::kKvPage);
}

// The last token that stays may have to be evaluated again: see refresh_logits.
int64_t Sequence::rewindable(int64_t n_tokens) const {
  return first_seen(std::max<int64_t>(0, n_tokens - 1)) >= n_released_ ? n_tokens : 0;
}

Status Sequence::rewind(int64_t n_tokens) {
  if (n_tokens < 0 || n_tokens > static_cast<int64_t>(tokens_.size())) {
    return invalid_argument("rewind: found ", n_tokens, ", expected 0 to the ", tokens_.size(),
                            " tokens held");
  }
  if (rewindable(n_tokens) != n_tokens) {
    return invalid_argument("rewind: found ", n_tokens, ", expected 0 or ",
                            n_released_ + model().config.sliding_window, " to the ", tokens_.size(),
                            " tokens held: what is behind the sliding window of ",
                            model().config.sliding_window, " tokens is no longer kept");
  }
  has_logits_ = has_logits_ && n_tokens == static_cast<int64_t>(tokens_.size());
  tokens_.resize(static_cast<size_t>(n_tokens));
  if (n_tokens == 0) is_exact_ = true;
  drop_pages_after(n_tokens);
  return {};
}

Status Sequence::rewind(int64_t n_tokens, std::span<const float> logits) {
  CRIA_RETURN_IF_ERROR(rewind(n_tokens));
  std::copy(logits.begin(), logits.end(), logits_.begin());
  has_logits_ = true;
  return {};
}

}  // namespace cria::engine
