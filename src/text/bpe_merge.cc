#include "text/bpe_merge.h"

#include <algorithm>

#include "base/str_cat.h"

namespace cria::text {

Status MergeTable::fill(const PieceTable& table, const std::vector<std::string>& merges,
                        std::string_view source_name, size_t& n_skipped) {
  n_skipped = 0;
  std::vector<TokenId> lefts;
  std::vector<Merge> unsorted;
  lefts.reserve(merges.size());
  unsorted.reserve(merges.size());
  std::string joined;
  for (size_t i = 0; i < merges.size(); ++i) {
    const std::string_view merge = merges[i];
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      return corrupt(source_name, ": merge ", i, " is ", quoted(merge),
                     "; expected two pieces with a space between");
    }
    joined = merge.substr(0, space);
    joined += merge.substr(space + 1);
    const TokenId left = table.find(merge.substr(0, space));
    const TokenId right = table.find(merge.substr(space + 1));
    const TokenId result = table.find(joined);
    if (left == -1 || right == -1 || result == -1) {
      ++n_skipped;
      continue;
    }
    lefts.push_back(left);
    unsorted.push_back({right, static_cast<uint32_t>(i), result});
  }
  sort_into_rows(static_cast<size_t>(table.n_vocab()), lefts, unsorted);
  return {};
}

void MergeTable::sort_into_rows(size_t n_vocab, const std::vector<TokenId>& lefts,
                                const std::vector<Merge>& unsorted) {
  row_starts_.assign(n_vocab + 1, 0);
  for (const TokenId left : lefts) ++row_starts_[static_cast<size_t>(left) + 1];
  for (size_t i = 1; i < row_starts_.size(); ++i) row_starts_[i] += row_starts_[i - 1];
  std::vector<uint32_t> next(row_starts_.begin(), row_starts_.end() - 1);
  merges_.resize(unsorted.size());
  for (size_t i = 0; i < unsorted.size(); ++i) {
    merges_[next[static_cast<size_t>(lefts[i])]++] = unsorted[i];
  }
  for (size_t i = 0; i < n_vocab; ++i) {
    std::sort(merges_.begin() + row_starts_[i], merges_.begin() + row_starts_[i + 1],
              [](const Merge& a, const Merge& b) {
                return a.right != b.right ? a.right < b.right : a.rank < b.rank;
              });
  }
}

const MergeTable::Merge* MergeTable::find(TokenId left, TokenId right) const {
  const Merge* row = merges_.data() + row_starts_[static_cast<size_t>(left)];
  const Merge* end = merges_.data() + row_starts_[static_cast<size_t>(left) + 1];
  const Merge* found = std::lower_bound(
      row, end, right, [](const Merge& merge, TokenId wanted) { return merge.right < wanted; });
  return found != end && found->right == right ? found : nullptr;
}

// One stretch of text while it is merged: a linked list of symbols and a heap of possible merges.
class MergeRun {
 public:
  MergeRun(const MergeTable& table, std::vector<TokenId>& ids) : table_(table), ids_(ids) {
    const size_t n = ids.size();
    prev_.resize(n);
    next_.resize(n);
    for (size_t i = 0; i < n; ++i) {
      prev_[i] = static_cast<int32_t>(i) - 1;
      next_[i] = i + 1 < n ? static_cast<int32_t>(i) + 1 : -1;
    }
  }

  void run() {
    for (size_t i = 0; i + 1 < ids_.size(); ++i) offer(static_cast<int32_t>(i));
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), worse);
      const Candidate best = heap_.back();
      heap_.pop_back();
      if (is_current(best)) merge(best);
    }
    size_t n_left = 0;
    for (int32_t i = ids_.empty() ? -1 : 0; i != -1; i = next_[at(i)]) ids_[n_left++] = ids_[at(i)];
    ids_.resize(n_left);
  }

 private:
  struct Candidate {
    uint32_t rank;
    int32_t left;
    TokenId left_id, right_id, result;
  };
  static size_t at(int32_t i) { return static_cast<size_t>(i); }
  static bool worse(const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
  }

  void offer(int32_t left) {
    const int32_t right = next_[at(left)];
    if (right == -1) return;
    const TokenId left_id = ids_[at(left)];
    const TokenId right_id = ids_[at(right)];
    const MergeTable::Merge* merge = table_.find(left_id, right_id);
    if (merge == nullptr) return;
    heap_.push_back({merge->rank, left, left_id, right_id, merge->result});
    std::push_heap(heap_.begin(), heap_.end(), worse);
  }

  // A symbol that was merged into its neighbour has id -1; one that grew has another id.
  bool is_current(const Candidate& candidate) const {
    if (ids_[at(candidate.left)] != candidate.left_id) return false;
    const int32_t right = next_[at(candidate.left)];
    return right != -1 && ids_[at(right)] == candidate.right_id;
  }

  void merge(const Candidate& best) {
    const int32_t right = next_[at(best.left)];
    const int32_t after = next_[at(right)];
    ids_[at(best.left)] = best.result;
    ids_[at(right)] = -1;
    next_[at(best.left)] = after;
    if (after != -1) prev_[at(after)] = best.left;
    if (prev_[at(best.left)] != -1) offer(prev_[at(best.left)]);
    offer(best.left);
  }

  const MergeTable& table_;
  std::vector<TokenId>& ids_;
  std::vector<int32_t> prev_, next_;
  std::vector<Candidate> heap_;
};

void MergeTable::apply(std::vector<TokenId>& ids) const {
  if (ids.size() > 1) MergeRun(*this, ids).run();
}

}  // namespace cria::text
