// The prefixes that sequences have in common: a tree over token ids, page by page.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cria/tokenizer.h"
#include "ops/kv_pool.h"

namespace cria::engine {

// Every node is a page and the tokens that stand in it; its parent, the page before. A node holds a
// reference to its page. Full pages have children; a leaf may be a page that is not full.
// Nodes are made at once, as many as the pool has pages. Thread compatible; outlived by the pool.
// Source: RadixAttention (Zheng et al. 2024), by pages.
class PrefixTree {
 public:
  explicit PrefixTree(ops::KvPool& pool);
  ~PrefixTree();
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  // The longest prefix of tokens that is held: whole pages, with a reference each for the caller,
  // and a last one of which only the first n_partial tokens match (no reference; -1: none).
  struct Match {
    std::vector<int32_t> pages;
    int32_t partial_page = -1;
    int64_t n_partial = 0;
    int64_t n_tokens() const {
      return static_cast<int64_t>(pages.size()) * ops::kKvPage + n_partial;
    }
  };
  Match find(std::span<const TokenId> tokens);

  // Keeps what pages hold of tokens: all pages but a last one that is not full, or that too. Pages
  // at the front may be missing (-1): what follows is kept where the tree still holds those.
  void insert(std::span<const TokenId> tokens, std::span<const int32_t> pages, bool with_partial);

  // Drops the leaf that was longest unused and that nobody else holds. False: there is none.
  bool evict();
  void clear();
  int64_t n_pages() const { return n_used_; }

 private:
  struct Node {
    TokenId tokens[ops::kKvPage];
    int32_t n_tokens = 0;
    int32_t page = -1;
    int32_t parent = -1, first_child = -1, next_sibling = -1;
    uint64_t last_used = 0;
  };
  static constexpr int32_t kRoot = 0;

  Node& at(int32_t node) { return nodes_[static_cast<size_t>(node)]; }
  int64_t n_common(const Node& node, std::span<const TokenId> tokens) const;
  // The child of parent that shares most tokens, and how many.
  int32_t best_child(int32_t parent, std::span<const TokenId> tokens, int64_t& n_shared);
  void add(int32_t parent, std::span<const TokenId> tokens, int32_t page);
  void replace(int32_t node, std::span<const TokenId> tokens, int32_t page);
  void remove(int32_t node);

  ops::KvPool& pool_;
  std::vector<Node> nodes_;
  std::vector<int32_t> unused_;  // nodes
  int64_t n_used_ = 0;
  uint64_t clock_ = 0;
};

}  // namespace cria::engine
