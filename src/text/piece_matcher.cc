#include "text/piece_matcher.h"

#include <algorithm>

namespace cria::text {

void PieceMatcher::fill(std::vector<Spelling> spellings) {
  std::stable_sort(spellings.begin(), spellings.end(),
                   [](const Spelling& a, const Spelling& b) { return a.text < b.text; });
  // The spellings below each node; they agree in their first `depth` bytes.
  struct Range {
    size_t begin, end, depth;
  };
  std::vector<Range> ranges{{0, spellings.size(), 0}};
  nodes_.assign(1, Node());
  labels_.assign(1, 0);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    auto [k, end, depth] = ranges[i];
    for (; k < end && spellings[k].text.size() == depth; ++k) {
      if (nodes_[i].id == -1) nodes_[i].id = spellings[k].id;
    }
    nodes_[i].first_child = static_cast<uint32_t>(nodes_.size());
    while (k < end) {
      const size_t begin = k;
      const char byte = spellings[begin].text[depth];
      while (k < end && spellings[k].text[depth] == byte) ++k;
      ranges.push_back({begin, k, depth + 1});
      nodes_.emplace_back();
      labels_.push_back(static_cast<unsigned char>(byte));
      ++nodes_[i].n_children;
    }
  }
  first_bytes_.reset();
  for (const Spelling& spelling : spellings) {
    first_bytes_.set(static_cast<unsigned char>(spelling.text[0]));
  }
}

uint32_t PieceMatcher::child(uint32_t node, unsigned char byte) const {
  const auto begin = labels_.begin() + nodes_[node].first_child;
  const auto end = begin + nodes_[node].n_children;
  const auto found = std::lower_bound(begin, end, byte);
  if (found == end || *found != byte) return 0;
  return static_cast<uint32_t>(found - labels_.begin());
}

PieceMatcher::Match PieceMatcher::longest_prefix(std::string_view text) const {
  Match best;
  if (text.empty() || !first_bytes_.test(static_cast<unsigned char>(text[0]))) return best;
  uint32_t node = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    node = child(node, static_cast<unsigned char>(text[i]));
    if (node == 0) break;
    if (nodes_[node].id != -1) best = {i + 1, nodes_[node].id};
  }
  return best;
}

std::vector<TextPart> split_at_pieces(std::string_view text, const PieceMatcher* a,
                                      const PieceMatcher* b) {
  std::vector<TextPart> parts;
  size_t start = 0;
  size_t i = 0;
  while (i < text.size()) {
    PieceMatcher::Match match;
    for (const PieceMatcher* matcher : {a, b}) {
      if (matcher == nullptr) continue;
      const PieceMatcher::Match found = matcher->longest_prefix(text.substr(i));
      if (found.n_bytes > match.n_bytes) match = found;
    }
    if (match.n_bytes == 0) {
      ++i;
      continue;
    }
    if (i > start) parts.push_back({text.substr(start, i - start), -1});
    parts.push_back({text.substr(i, match.n_bytes), match.id});
    i += match.n_bytes;
    start = i;
  }
  if (start < text.size()) parts.push_back({text.substr(start), -1});
  return parts;
}

}  // namespace cria::text
