#include "engine/prefix_tree.h"

#include <algorithm>

namespace cria::engine {
namespace {

std::span<const TokenId> page_of(std::span<const TokenId> tokens, size_t i_page) {
  const std::span<const TokenId> rest = tokens.subspan(i_page * ops::kKvPage);
  return rest.first(std::min(rest.size(), static_cast<size_t>(ops::kKvPage)));
}

}  // namespace

PrefixTree::PrefixTree(ops::KvPool& pool) : pool_(pool) {
  nodes_.resize(static_cast<size_t>(pool.n_pages()) + 1);
  unused_.reserve(nodes_.size());
  for (auto node = static_cast<int32_t>(nodes_.size()); --node > kRoot;) unused_.push_back(node);
}

PrefixTree::~PrefixTree() { clear(); }

int64_t PrefixTree::n_common(const Node& node, std::span<const TokenId> tokens) const {
  const auto n = std::min(static_cast<size_t>(node.n_tokens), tokens.size());
  return std::mismatch(node.tokens, node.tokens + n, tokens.begin()).first - node.tokens;
}

int32_t PrefixTree::best_child(int32_t parent, std::span<const TokenId> tokens, int64_t& n_shared) {
  int32_t best = -1;
  n_shared = 0;
  for (int32_t child = at(parent).first_child; child >= 0; child = at(child).next_sibling) {
    const int64_t n = n_common(at(child), tokens);
    if (n > n_shared) {
      best = child;
      n_shared = n;
    }
  }
  return best;
}

PrefixTree::Match PrefixTree::find(std::span<const TokenId> tokens) {
  Match match;
  int32_t node = kRoot;
  for (size_t i = 0; i * ops::kKvPage < tokens.size(); ++i) {
    int64_t n_shared = 0;
    const int32_t child = best_child(node, page_of(tokens, i), n_shared);
    if (child < 0) break;
    at(child).last_used = ++clock_;
    if (n_shared < ops::kKvPage) {
      match.partial_page = at(child).page;
      match.n_partial = n_shared;
      break;
    }
    pool_.retain(at(child).page);
    match.pages.push_back(at(child).page);
    node = child;
  }
  return match;
}

void PrefixTree::insert(std::span<const TokenId> tokens, std::span<const int32_t> pages,
                        bool with_partial) {
  int32_t node = kRoot;
  for (size_t i = 0; i * ops::kKvPage < tokens.size(); ++i) {
    const std::span<const TokenId> own = page_of(tokens, i);
    const bool full = own.size() == ops::kKvPage;
    if (!full && !with_partial) return;
    int64_t n_shared = 0;
    const int32_t child = best_child(node, own, n_shared);
    const bool held = child >= 0 && n_shared == static_cast<int64_t>(own.size());
    if (!held) {
      if (pages[i] < 0) return;
      const bool grew = child >= 0 && n_shared == at(child).n_tokens;  // a leaf that was not full
      grew ? replace(child, own, pages[i]) : add(node, own, pages[i]);
      if (!full) return;
    }
    if (!full) return;
    int64_t n_again = 0;
    node = held ? child : best_child(node, own, n_again);
    if (node < 0 || (!held && n_again != ops::kKvPage)) return;  // no node was left
    at(node).last_used = ++clock_;
  }
}

void PrefixTree::add(int32_t parent, std::span<const TokenId> tokens, int32_t page) {
  if (unused_.empty()) return;
  const int32_t node = unused_.back();
  unused_.pop_back();
  at(node).parent = parent;
  at(node).next_sibling = at(parent).first_child;
  at(parent).first_child = node;
  ++n_used_;
  pool_.retain(page);
  at(node).page = page;
  std::copy(tokens.begin(), tokens.end(), at(node).tokens);
  at(node).n_tokens = static_cast<int32_t>(tokens.size());
  at(node).last_used = ++clock_;
}

void PrefixTree::replace(int32_t node, std::span<const TokenId> tokens, int32_t page) {
  pool_.retain(page);
  pool_.release(at(node).page);
  at(node).page = page;
  std::copy(tokens.begin(), tokens.end(), at(node).tokens);
  at(node).n_tokens = static_cast<int32_t>(tokens.size());
  at(node).last_used = ++clock_;
}

void PrefixTree::remove(int32_t node) {
  int32_t* link = &at(at(node).parent).first_child;
  while (*link != node) link = &at(*link).next_sibling;
  *link = at(node).next_sibling;
  pool_.release(at(node).page);
  at(node) = {};
  unused_.push_back(node);
  --n_used_;
}

bool PrefixTree::evict() {
  int32_t oldest = -1;
  for (auto node = static_cast<int32_t>(nodes_.size()); --node > kRoot;) {
    const Node& own = at(node);
    if (own.page < 0 || own.first_child >= 0 || pool_.n_references(own.page) > 1) continue;
    if (oldest < 0 || own.last_used < at(oldest).last_used) oldest = node;
  }
  if (oldest < 0) return false;
  remove(oldest);
  return true;
}

void PrefixTree::clear() {
  for (auto node = static_cast<int32_t>(nodes_.size()); --node > kRoot;) {
    if (at(node).page >= 0) pool_.release(at(node).page);
    at(node) = {};
  }
  at(kRoot).first_child = -1;
  unused_.clear();
  for (auto node = static_cast<int32_t>(nodes_.size()); --node > kRoot;) unused_.push_back(node);
  n_used_ = 0;
}

}  // namespace cria::engine
